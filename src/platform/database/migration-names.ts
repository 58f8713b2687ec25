import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** The migrations of a folder in their order, as the `migrations` table names them: without `.sql`. */
export async function loadMigrationNames(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => path.basename(file, '.sql'))
    .sort();
}
