/** A process that hangs while it migrates, with whole processes (J3): the next one says so within its time, and is never ready. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { isRunning } from '../../src/local/machine/processes.js';
import { freePort } from '../../src/platform/ports.js';
import { createDatabase, type OwnDatabase } from '../support/database.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { build, type RunningSystem, startSystem } from './running-system.js';

/** The orders' own. */
const LOCK = '7241865325824001';
const WITHIN = 60_000;

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-migration-lock-'));
let own: OwnDatabase;
let onlooker: Client;
let url: string;
let temporal: TestEnv;
const started: RunningSystem[] = [];

beforeAll(async () => {
  build();
  temporal = await createDevServer();
  own = await createDatabase('hangs');
  url = own.url;
  onlooker = new Client({ connectionString: url });
  await onlooker.connect();
}, 300_000);
afterAll(async () => {
  for (const process of started) if (isRunning(process.pid)) process.signal('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
  await onlooker?.end();
  await own?.drop();
  await temporal?.close();
  rmSync(folder, { recursive: true, force: true });
});

function startApi(port: number, more: NodeJS.ProcessEnv = {}): RunningSystem {
  const env = {
    DATABASE_URL: url,
    TEMPORAL_ADDRESS: temporal.address,
    API_PORT: String(port),
    MIGRATION_LOCK_WAIT: '2s',
  };
  const api = startSystem(folder, { ...env, ...more }, 'exec node scripts/unwind.mjs start api');
  started.push(api);
  return api;
}

const status = (port: number): Promise<number> =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    (answer) => answer.status,
    () => 0,
  );
const lockHolders = async (): Promise<number[]> => {
  const { rows } = await onlooker.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
     AND (classid::bigint << 32) | objid::bigint = ${LOCK}
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ pid }) => pid);
};

it('a process that hangs with the migration lock keeps the next one waiting for a bounded time: it says who, and ends (J3)', async () => {
  // The first one has the lock when it waits for the schema that another session is making.
  const blocker = new Client({ connectionString: url });
  await blocker.connect();
  await blocker.query('BEGIN; CREATE SCHEMA unwind');
  const first = startApi(await freePort(), { MIGRATION_LOCK_WAIT: '60s' });
  const [holder] = await eventually('the first to hold the lock', WITHIN, async () => {
    const holders = await lockHolders();
    return holders.length > 0 && holders;
  });
  first.signal('SIGSTOP');
  await blocker.query('ROLLBACK');
  await blocker.end();

  const port = await freePort();
  const second = startApi(port);
  let ended = false;
  void second.ended.then(() => (ended = true));
  await eventually('the second to end', WITHIN, async () => {
    expect(await status(port)).toBe(0);
    return ended;
  });
  expect(await second.ended).toBe(1);
  expect(second.lines).toEqual([
    expect.stringMatching(
      new RegExp(
        `^unwind api: it did not start: The schema unwind is not up to date, and for 2 s another process has held the lock for migrating it: pid ${holder}, application "unwind-migration-unwind"`,
      ),
    ),
  ]);
  expect(await lockHolders()).toEqual([holder]);

  first.signal('SIGCONT');
  await eventually('the lock to be free', WITHIN, async () => (await lockHolders()).length === 0);
  const third = await freePort();
  startApi(third);
  await eventually('the third to be ready', WITHIN, async () => (await status(third)) === 200);
}, 200_000);
