/** DATA_DIR belongs to the user who runs the system: it holds a password, orders and logs. */
import { chmodSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The files and folders that we make in DATA_DIR. */
const OURS =
  /^(start(-\w+)?\.pid(\.\d+)?|postgres(-password|\.unfinished|\.secret)?|database-url|temporal\.(db|pid).*|logs)$/;

/** For every file and folder that this process and its children make from now on. */
export const makePrivateFiles = (): void => void process.umask(0o077);

/**
 * Removes other users' rights from files and folders that an earlier release made. The folder itself stays as it is
 * if it holds anything that is not ours, because it may be a shared one.
 */
export function makePrivate(dataDir: string): void {
  const names = readdirSync(dataDir);
  if (names.every((name) => OURS.test(name))) restrict(dataDir, 0o700);
  for (const name of names.filter((each) => OURS.test(each))) {
    const entry = path.join(dataDir, name);
    // PostgreSQL keeps its folder private by itself, and insists on it.
    if (name !== 'postgres') restrict(entry, lstatSync(entry).isDirectory() ? 0o700 : 0o600);
  }
  const logs = path.join(dataDir, 'logs');
  if (existsSync(logs)) for (const name of readdirSync(logs)) restrict(path.join(logs, name), 0o600);
}

function restrict(entry: string, mode: number): void {
  const { uid, mode: now } = lstatSync(entry);
  const isSymbolicLink = lstatSync(entry).isSymbolicLink();
  if (isSymbolicLink || uid !== process.getuid?.() || (now & 0o077) === 0) return;
  chmodSync(entry, mode);
}
