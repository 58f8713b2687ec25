/** The embedded PostgreSQL server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { requireFreePort } from './ports.js';
import { choosePostgresLauncher, commandOf, findPostgresBinaries, type Launcher } from './postgres-binaries.js';
import { ENDING_POSTGRES, endLeftoverPostgres, postgresEnvironment } from './postgres-data.js';
import { postgresPassword, prepareData } from './postgres-data.js';
import { endProcess } from './processes.js';
import { StartError } from './start-error.js';

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

function lastComplaint(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString('utf8').trim().split('\n');
  return lines.findLast((line) => /FATAL|PANIC|ERROR|error/.test(line)) ?? lines.at(-1) ?? '';
}

function launch(launcher: Launcher, program: string, data: string, options: PostgresOptions): ChildProcess {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${options.port}`,
    'unix_socket_directories=',
    'max_connections=200',
    ...(options.durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    // Its own process group: a Ctrl-C in the terminal must not end it before those who still write to it.
    return spawn(...commandOf(launcher, program, args), {
      ...launcher.spawnOptions,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: postgresEnvironment(),
    });
  } finally {
    closeSync(log);
  }
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

/** Starts the server on its data directory (made where there is none) and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  mkdirSync(options.dataDir, { recursive: true });
  const home = realpathSync(options.dataDir);
  const data = path.join(home, 'postgres');
  const binaries = await findPostgresBinaries();
  const launcher = await choosePostgresLauncher(binaries);
  await endLeftoverPostgres(data, options.notice);
  await requireFreePort('PG_PORT', options.port);
  const password = postgresPassword(path.join(home, 'postgres-password'));
  if ((await prepareData(binaries, launcher, data, password)) === 'made')
    options.notice(`made a new database in ${data}`);
  const url = (database: string): string => `postgres://unwind:${password}@127.0.0.1:${options.port}/${database}`;
  for (let attempt = 1; ; attempt += 1) {
    const logged = existingSize(options.logFile);
    const child = launch(launcher, binaries.postgres, data, options);
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
    const complaint = lastComplaint(options.logFile, logged);
    // The children of a killed server need a moment to notice that it is gone.
    if (attempt === 20 || !complaint.includes('shared memory block')) {
      throw new StartError(`PostgreSQL did not start: ${complaint} (more in ${options.logFile})`);
    }
    await sleep(500);
  }
}

function existingSize(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}
