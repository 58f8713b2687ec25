/** A folder for an empty project, with what the packed library needs of this machine and nothing of the repository. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = path.join(import.meta.dirname, '..', '..');

export type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
}

/** The repository's own versions of packages. */
export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

export const emptyFolder = (): string => mkdtempSync(path.join(os.tmpdir(), 'unwind-packed-'));

export const packInto = (folder: string): Promise<unknown> =>
  run(process.execPath, [path.join(root, 'scripts', 'pack-saga.mjs'), folder]);

/** Runs a program in the folder, with nothing of the repository's environment but what any shell has. */
export async function runIn(
  folder: string,
  program: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { PATH, HOME, ...rest } = process.env;
  const npm = Object.fromEntries(Object.entries(rest).filter(([name]) => /^(npm_config_|https?_proxy$)/i.test(name)));
  const env = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_prefer_offline: 'true' };
  const { stdout } = await run(program, args, {
    cwd: folder,
    env: { ...npm, ...env, PATH, HOME, ...more },
    maxBuffer: 64 * 1024 * 1024,
    // Longer is a server whose time stands still: the test fails, and leaves nothing running.
    timeout: 240_000,
  });
  return stdout;
}
