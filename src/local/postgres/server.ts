/** The embedded PostgreSQL server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { openLog, postgresAsJson, readLines } from '../supervisor/log-file.js';
import { requireFreePort } from '../../platform/ports.js';
import { choosePostgresLauncher, commandOf, findPostgresBinaries, type Launcher } from './binaries.js';
import { ENDING_POSTGRES, endLeftoverPostgres, postgresEnvironment } from './data.js';
import { postgresPassword, prepareData, requireSameMajor } from './data.js';
import { endProcess } from '../machine/processes.js';
import { StartError } from '../../platform/start-error.js';
import { redact } from '../../platform/secrets.js';

const DATABASE = 'unwind';
const STARTUP_PATIENCE = 60_000;

export interface PostgresOptions {
  /** The folder that holds `postgres/` (the data), the password and the log. */
  readonly dataDir: string;
  readonly port: number;
  /** False only for tests: nothing then survives a power loss. */
  readonly durable: boolean;
  readonly logFile: string;
  readonly notice: (sentence: string) => void;
}

export interface Postgres {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The last lines of the log, newest last: the error shows them if the server does not start. */
const REMEMBERED = 50;

const lastComplaint = (lines: readonly string[]): string =>
  lines.findLast((line) => /FATAL|PANIC|ERROR|error/.test(line)) ?? lines.at(-1) ?? '';

/**
 * Writes the server's log as JSON. This process reads the log, so that it stays bounded; if this process is gone, the
 * server goes on without a log.
 */
function keepLog(child: ChildProcess, logFile: string, lines: string[]): void {
  const log = openLog(logFile);
  const onLine = (line: string): void => {
    if (lines.push(line) > REMEMBERED) lines.shift();
    const entry = postgresAsJson(redact(line));
    if (entry !== undefined) log.write(entry);
  };
  readLines(child, onLine, log.close);
  // The streams must not keep this process alive; the server itself does.
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
}

function launch(launcher: Launcher, program: string, data: string, options: PostgresOptions): ChildProcess {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${options.port}`,
    'unix_socket_directories=',
    'max_connections=200',
    'log_timezone=UTC',
    // Rows, and statements with values in them, must not be logged (rule 33).
    'log_error_verbosity=terse',
    'log_min_error_statement=panic',
    ...(options.durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  // Its own process group: a Ctrl-C in the terminal must not end it before the processes that still write to it.
  return spawn(...commandOf(launcher, program, args), {
    ...launcher.spawnOptions,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: postgresEnvironment(),
  });
}

async function query(connectionString: string, text: string): Promise<number> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

async function whenReady(child: ChildProcess, url: (database: string) => string): Promise<boolean> {
  const end = performance.now() + STARTUP_PATIENCE;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return false;
    try {
      if ((await query(url('postgres'), `SELECT FROM pg_database WHERE datname = '${DATABASE}'`)) === 0) {
        await query(url('postgres'), `CREATE DATABASE ${DATABASE}`);
      }
      return true;
    } catch (error) {
      if (error instanceof DatabaseError && error.code === '28P01') {
        throw new StartError(
          'The embedded PostgreSQL refuses its own password: postgres-password in DATA_DIR was changed.',
        );
      }
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
}

/** Starts the server on its data directory (made if absent) and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  mkdirSync(path.dirname(options.logFile), { recursive: true, mode: 0o700 });
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const home = realpathSync(options.dataDir);
  const data = path.join(home, 'postgres');
  const binaries = await findPostgresBinaries();
  await requireSameMajor(binaries, data);
  const launcher = await choosePostgresLauncher(binaries);
  // The other ways to start keep a capability to pass through folders of other users.
  if (launcher.owner && launcher.prefix.length === 0) chmodSync(home, 0o711);
  await endLeftoverPostgres(data, options.notice);
  await requireFreePort('PG_PORT', options.port);
  const password = postgresPassword(path.join(home, 'postgres-password'));
  if ((await prepareData(binaries, launcher, data, password)) === 'made')
    options.notice(`made a new database in ${data}`);
  const url = (database: string): string => `postgres://unwind:${password}@127.0.0.1:${options.port}/${database}`;
  for (let attempt = 1; ; attempt += 1) {
    const lines: string[] = [];
    const child = launch(launcher, binaries.postgres, data, options);
    keepLog(child, options.logFile, lines);
    const pid = child.pid ?? 0;
    child.on('error', () => undefined);
    const stop = async (): Promise<void> => {
      await endProcess(pid, ENDING_POSTGRES);
    };
    try {
      if (await whenReady(child, url)) return { process: child, pid, port: options.port, url: url(DATABASE), stop };
    } catch (error) {
      await stop();
      throw error;
    }
    const complaint = lastComplaint(lines);
    // The children of a killed server need a moment to notice that it is gone.
    if (attempt === 20 || !complaint.includes('shared memory block')) {
      throw new StartError(`PostgreSQL did not start: ${complaint} (more in ${options.logFile})`);
    }
    await sleep(500);
  }
}
