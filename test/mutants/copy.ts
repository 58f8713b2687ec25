/** A copy of the working tree in which bugs are planted; the tree itself is never touched. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { suiteOf } from '../suites.mjs';
import type { Report } from './judge.js';

export interface Copy {
  /** @throws Error where the source is no longer what the patch was made for */
  plant(patchFile: string): void;
  uproot(patchFile: string): void;
  /** Runs the tests of these files whose full names match, and answers with jest's report, if it came so far. */
  runTests(files: readonly string[], pattern: string, withinMs: number): Promise<Report | undefined>;
}

/** Copies what git knows or would know, and shares the installed packages. */
export function makeCopy(root: string, folder: string): Copy {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  mkdirSync(folder, { recursive: true });
  for (const file of listed.toString().split('\0')) {
    if (file !== '' && existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(folder, file));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  // The copy is in no repository, whatever the folder for temporary files is in.
  const options = { cwd: folder, env: { ...process.env, GIT_CEILING_DIRECTORIES: path.dirname(folder) } };
  return {
    plant: (patchFile) => {
      try {
        execFileSync('git', ['apply', patchFile], { ...options, stdio: 'pipe' });
      } catch (error) {
        const name = path.basename(patchFile);
        throw new Error(`${name} does not apply: the source has moved on. Make the patch anew.`, { cause: error });
      }
    },
    uproot: (patchFile) => execFileSync('git', ['apply', '--reverse', patchFile], options),
    runTests: async (files, pattern, withinMs) => {
      const testResults: Report['testResults'][number][] = [];
      for (const suite of new Set(files.map(suiteOf))) {
        const own = files.filter((file) => suiteOf(file) === suite);
        const report = await runJest(folder, [suite, '--runTestsByPath', ...own, '-t', pattern], withinMs);
        testResults.push(...(report?.testResults ?? []));
      }
      return { testResults };
    },
  };
}

async function runJest(folder: string, args: readonly string[], withinMs: number): Promise<Report | undefined> {
  // The order workflows are bundled once for each of these folders: never share one between two bugs.
  const own = mkdtempSync(path.join(path.dirname(folder), 'run-'));
  const reportFile = path.join(own, 'report.json');
  const child = spawn(process.execPath, ['scripts/test.mjs', ...args], {
    cwd: folder,
    env: { ...process.env, TEST_FOLDER: own, UNWIND_TEST_REPORT: reportFile, UNWIND_UNBUILT: '1' },
    detached: true, // a group of its own, so that all of it can be ended
    stdio: 'ignore',
  });
  const giveUp = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), withinMs);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(giveUp);
  const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : undefined;
  rmSync(own, { recursive: true, force: true });
  return report;
}
