/** Making folders. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Not `recursive: true`: with it Node 20 never returns if a parent cannot be made (for example in /proc). */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it since.
    if (!existsSync(folder)) throw error;
  }
}
