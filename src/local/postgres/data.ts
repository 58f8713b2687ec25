/** The embedded PostgreSQL's data directory: made once, owned by the right user, freed from an earlier server. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { commandOf, type Launcher, type PostgresBinaries } from './binaries.js';
import { commandLine, endProcess, isRunning } from '../machine/processes.js';
import { StartError } from '../../platform/start-error.js';

const run = promisify(execFile);

/** Fast shutdown, then immediate shutdown. A killed PostgreSQL recovers from its log. */
export const ENDING_POSTGRES = [
  { signal: 'SIGINT', patience: 15_000 },
  { signal: 'SIGQUIT', patience: 5_000 },
] as const;

/** The environment of a PostgreSQL program, without PG* variables, because they could redirect it. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name)));
}

function giveTo(owner: { uid: number; gid: number }, entry: string): void {
  const { uid, gid } = lstatSync(entry);
  if (lstatSync(entry).isSymbolicLink()) return;
  if (lstatSync(entry).isDirectory()) for (const name of readdirSync(entry)) giveTo(owner, path.join(entry, name));
  if (uid !== owner.uid || gid !== owner.gid) chownSync(entry, owner.uid, owner.gid);
}

/** The password of the superuser `unwind`, made at the first start; only our own user may read it. */
export function postgresPassword(passwordFile: string): string {
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(passwordFile, 'utf8').trim();
}

/**
 * @throws StartError if the data was made by another major version of PostgreSQL, because only that version can read
 * it
 */
export async function requireSameMajor(binaries: PostgresBinaries, data: string): Promise<void> {
  const file = path.join(data, 'PG_VERSION');
  if (!existsSync(file)) return;
  const made = readFileSync(file, 'utf8').trim();
  const { stdout } = await run(binaries.postgres, ['--version']);
  const ours = /\d+(\.\d+)?/.exec(stdout)?.[0] ?? '';
  if (made === ours.split('.')[0]) return;
  const maker = /^\d{1,3}(\.\d+)?$/.test(made) ? `PostgreSQL ${made}` : 'an unknown version of PostgreSQL';
  throw new StartError(
    `The data in ${data} was made by ${maker}, and the embedded server is PostgreSQL ${ours}, which cannot read it. To keep the data, dump it with the programs of the version that made it (pg_dumpall), move the folder away, start again and load the dump; to begin with empty data, move the folder away.`,
  );
}

/** Makes the data directory if there is none. It appears under its name only once it is whole. */
export async function prepareData(
  binaries: PostgresBinaries,
  launcher: Launcher,
  data: string,
  password: string,
): Promise<'made' | 'found'> {
  const found = existsSync(path.join(data, 'PG_VERSION'));
  if (!found) {
    const unfinished = `${data}.unfinished`;
    const secret = `${data}.secret`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true, mode: 0o700 });
    writeFileSync(secret, password, { mode: 0o600 });
    for (const entry of [unfinished, secret]) if (launcher.owner) giveTo(launcher.owner, entry);
    try {
      const settings = [
        '--auth=scram-sha-256',
        `--pwfile=${secret}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
      ];
      await run(...commandOf(launcher, binaries.initdb, ['-D', unfinished, '-U', 'unwind', ...settings]), {
        ...launcher.spawnOptions,
        cwd: '/',
        env: postgresEnvironment(),
      });
    } catch (error) {
      const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
      throw new StartError(`PostgreSQL could not make its data directory ${data}: ${text.split('\n').at(-1) ?? ''}`);
    } finally {
      rmSync(secret, { force: true });
    }
    rmSync(data, { recursive: true, force: true });
    renameSync(unfinished, data);
  }
  if (launcher.owner) giveTo(launcher.owner, data);
  chmodSync(data, 0o700);
  return found ? 'found' : 'made';
}

/** A number that no system gives to a process. */
const NOBODY = 2_147_483_647;

/**
 * Ends the server that a killed run has left on this data directory, if there is one. The pid in its file may by now
 * belong to a zombie or to another user's process. Such a process must not be touched, and would keep PostgreSQL from
 * starting. So the pid in the file is replaced; the rest of the file stays, because PostgreSQL sees from it if
 * processes of the old server still use the data.
 */
export async function endLeftoverPostgres(data: string, notice: (sentence: string) => void): Promise<void> {
  const pidFile = path.join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [first = '', ...others] = readFileSync(pidFile, 'utf8').split('\n');
  const pid = Number(first);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const command = isRunning(pid) ? commandLine(pid) : '';
  if (command.includes('postgres') && command.includes(data)) {
    notice(`an earlier run has left PostgreSQL running (pid ${pid}): ending it`);
    await endProcess(pid, ENDING_POSTGRES);
  }
  if (existsSync(pidFile)) writeFileSync(pidFile, [NOBODY, ...others].join('\n'));
}
