/** Several drivers of background jobs, each a process of its own, on one PostgreSQL. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Pool } from 'pg';
import { readJobs, type JobRow } from '../../src/background/job-rows.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const root = path.join(import.meta.dirname, '..', '..');
const script = path.join(root, 'test', 'support', 'driver-process.ts');
const loader = path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');

let schema: string;
let pool: Pool;
let drivers: ChildProcess[];

beforeEach(async () => {
  schema = freshSchema('driver');
  drivers = [];
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}`, max: 2 });
  await pool.query(`
    CREATE TABLE ran (id bigint GENERATED ALWAYS AS IDENTITY, by int, begun_at timestamptz DEFAULT clock_timestamp(), ended_at timestamptz);
    CREATE TABLE gate (shut boolean)`);
});
afterEach(async () => {
  await Promise.all(drivers.map((driver) => kill(driver)));
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
});

function spawnDriver(): ChildProcess {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const driver = fork(script, [databaseUrl(), schema], { execArgv: ['--import', loader], env });
  drivers.push(driver);
  return driver;
}

async function kill(driver: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (driver.exitCode !== null || driver.signalCode !== null) return;
  const ended = once(driver, 'exit');
  driver.kill(signal);
  await ended;
}

interface Run {
  readonly id: string;
  readonly by: number;
  readonly ended: boolean;
}

const runs = async (): Promise<readonly Run[]> =>
  (await pool.query<Run>('SELECT id, by, ended_at IS NOT NULL AS ended FROM ran ORDER BY id')).rows;
const row = async (): Promise<JobRow | undefined> => (await readJobs(pool, schema))[0];
const shut = (): Promise<unknown> => pool.query('INSERT INTO gate VALUES (true)');
const open = (): Promise<unknown> => pool.query('DELETE FROM gate');
const underWay = (): Promise<Run> =>
  eventually('a run under way', 20_000, async () => (await runs()).findLast(({ ended }) => !ended));

it('two drivers take turns, and never run a job at once', async () => {
  const two = [spawnDriver(), spawnDriver()];
  await eventually('both drivers to have run the job 15 times', 40_000, async () => {
    const by = (await runs()).map((run) => run.by);
    return two.every(({ pid }) => by.filter((each) => each === pid).length >= 15);
  });
  const { rows } = await pool.query(
    `SELECT count(*)::int AS overlaps FROM ran AS a JOIN ran AS b ON a.id < b.id
     AND b.begun_at < coalesce(a.ended_at, 'infinity')`,
  );
  expect(rows).toEqual([{ overlaps: 0 }]);
});

it('a driver killed in the middle of a run leaves a lease that lapses; another driver says that the run is lost, and runs the job', async () => {
  await shut();
  const first = spawnDriver();
  const cut = await underWay();
  const second = spawnDriver();
  await kill(first);
  const begins = eventually('the second driver to begin', 20_000, async () =>
    (await runs()).find(({ by }) => by === second.pid),
  );
  const next = await begins.catch(() => ({ by: undefined, id: undefined }));
  expect(next.by).toBe(second.pid);
  expect(await row()).toMatchObject({ lastResult: 'lost', failures: 1, runs: 1 });
  await open();
  await eventually('its end', 20_000, async () => (await runs()).find(({ id, ended }) => id === next.id && ended));
  await eventually('its row', 20_000, async () => (await row())?.failures === 0);
  expect((await runs()).find(({ id }) => id === cut.id)).toMatchObject({ ended: false, by: first.pid });
});

it('a driver that hung in the middle of a run and wakes up after another has taken over writes nothing more', async () => {
  await shut();
  const first = spawnDriver();
  const cut = await underWay();
  first.kill('SIGSTOP');
  const second = spawnDriver();
  await eventually('the second driver to take over', 20_000, async () =>
    (await runs()).find(({ by }) => by === second.pid),
  );
  await open();
  first.kill('SIGCONT');
  await eventually('the first driver to run the job again', 40_000, async () =>
    (await runs()).find(({ id, by, ended }) => by === first.pid && id !== cut.id && ended),
  );
  expect((await runs()).find(({ id }) => id === cut.id)).toMatchObject({ ended: false });
});

it('a driver that is asked to stop lets its run end', async () => {
  await shut();
  const driver = spawnDriver();
  const run = await underWay();
  const ended = once(driver, 'exit');
  driver.kill('SIGTERM');
  await open();
  expect(await ended).toEqual([0, null]);
  expect((await runs()).at(-1)).toEqual({ ...run, ended: true });
  expect(await row()).toMatchObject({ lastResult: 'done', runningSince: null });
});

it('a run that does not end in time is cut off by the stop, and is due for the next driver at once', async () => {
  await shut();
  const driver = spawnDriver();
  await underWay();
  await kill(driver, 'SIGTERM');
  expect(driver.exitCode).toBe(0);
  expect(await row()).toMatchObject({ lastResult: 'cut', runningSince: null, failures: 1 });
  const { rows } = await pool.query('SELECT next_at <= clock_timestamp() AND lease_until IS NULL AS free FROM jobs');
  expect(rows).toEqual([{ free: true }]);
});
