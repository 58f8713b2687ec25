/** Free disk space for the embedded servers: both keep their data in DATA_DIR. */
import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../platform/reason.js';
import { databaseUrlFile } from '../../config/find-database.js';

const MEGABYTE = 1_000_000;

/** True if an embedded server that this process uses keeps its data in DATA_DIR. */
export function hasEmbeddedServers(dataDir: string, databaseUrl: string): boolean {
  return existsSync(path.join(dataDir, 'temporal.pid')) || embeddedUrl(dataDir) === databaseUrl;
}

function embeddedUrl(dataDir: string): string | undefined {
  try {
    return readFileSync(databaseUrlFile(dataDir), 'utf8');
  } catch {
    return undefined;
  }
}

/** The reason to refuse orders, as a sentence; undefined if at least `least` megabytes are free in DATA_DIR. */
export async function lackOfSpace(dataDir: string, least: number): Promise<string | undefined> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const free = Math.floor((bavail * bsize) / MEGABYTE);
    return free < least
      ? `The disk of DATA_DIR has ${free} MB free: DATA_DIR_MIN_FREE_MB asks for ${least}.`
      : undefined;
  } catch (error) {
    return `The free space of DATA_DIR is not known (${codeOf(error) ?? 'unknown'}).`;
  }
}
