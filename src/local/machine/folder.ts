/** Making folders. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Not `recursive: true`, with which Node 20 never returns where a parent cannot be made (in /proc, say). */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}
