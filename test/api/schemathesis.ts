/** Schemathesis, installed from PyPI into a cache of its own where there is a Python. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheDirectory } from '../../src/local/machine/cache.js';

const VERSION = '4.32.5';

/** Needs Python 3.10 or newer with venv; undefined where there is none. */
export function findPython(): string | undefined {
  const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  return ['python3', 'python'].find((name) => spawnSync(name, ['-c', check], { stdio: 'ignore' }).status === 0);
}

/** The program's path; the first time it takes half a minute. */
export function installSchemathesis(python: string): string {
  const folder = path.join(cacheDirectory(), `schemathesis-${VERSION}`);
  const program = path.join(folder, 'bin', 'schemathesis');
  if (existsSync(path.join(folder, 'complete'))) return program;
  rmSync(folder, { recursive: true, force: true });
  run(python, ['-m', 'venv', folder]);
  run(path.join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `schemathesis==${VERSION}`]);
  run(program, ['--version']);
  // A folder without the mark is one whose installation was cut short.
  writeFileSync(path.join(folder, 'complete'), VERSION);
  return program;
}

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${status}:\n${stdout}${stderr}`);
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** In a folder of its own: it leaves a cache behind. */
export async function runSchemathesis(program: string, args: readonly string[]): Promise<Ran> {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'unwind-fuzz-'));
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  rmSync(cwd, { recursive: true, force: true });
  return { code, output };
}
