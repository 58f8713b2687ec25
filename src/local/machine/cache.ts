/** Downloads and builds that are kept for the next start, outside the checkout. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from './folder.js';
import { reasonOf } from '../../platform/reason.js';
import { StartError } from '../../platform/start-error.js';

export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env['UNWIND_CACHE_DIR']) return path.resolve(env['UNWIND_CACHE_DIR']);
  return path.join(env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'unwind');
}

/** The cache's folder is not writable: another way to get the same program would fail as well. */
export class CacheError extends StartError {}

function temporaryFolder(cache: string, name: string): string {
  try {
    makeFolder(cache);
    return mkdtempSync(path.join(cache, `.${name}-`));
  } catch (error) {
    throw new CacheError(
      `The cache ${cache} cannot be written to (${reasonOf(error)}): set UNWIND_CACHE_DIR to a folder that this user owns.`,
    );
  }
}

/**
 * Fills `<cache>/<name>` (a folder) by way of a temporary folder, so that an interrupted download or build leaves
 * nothing under the name. If another process has filled it in the meantime, that result stays.
 */
export async function fillCache(
  cache: string,
  name: string,
  isWhole: (folder: string) => boolean | Promise<boolean>,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = path.join(cache, name);
  const temporary = temporaryFolder(cache, name);
  try {
    await fill(temporary);
    if (!(await isWhole(folder))) {
      rmSync(folder, { recursive: true, force: true });
      try {
        renameSync(temporary, folder);
      } catch (error) {
        if (!(await isWhole(folder))) throw error;
      }
    }
    return folder;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
