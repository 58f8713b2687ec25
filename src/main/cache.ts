/** What is fetched or built once and kept for the next time, outside the checkout. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env['UNWIND_CACHE_DIR']) return path.resolve(env['UNWIND_CACHE_DIR']);
  return path.join(env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'unwind');
}

/**
 * Fills `<cache>/<name>` (a folder) by way of a temporary one, so that an interrupted download or build leaves nothing
 * under the name. Where another process has filled it meanwhile, that one stays.
 */
export async function fillCache(
  cache: string,
  name: string,
  isWhole: (folder: string) => boolean,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = path.join(cache, name);
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(path.join(cache, `.${name}-`));
  try {
    await fill(temporary);
    if (!isWhole(folder)) {
      rmSync(folder, { recursive: true, force: true });
      try {
        renameSync(temporary, folder);
      } catch (error) {
        if (!isWhole(folder)) throw error;
      }
    }
    return folder;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
