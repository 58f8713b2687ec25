/** One driver of background jobs: what happens to a job that fails, hangs, or has no database. */
import { once } from 'node:events';
import { Pool } from 'pg';
import { watchDatabase } from '../../src/background/database-away.js';
import { startDriver, type Driver } from '../../src/background/driver.js';
import { jobMetrics } from '../../src/background/job-metrics.js';
import type { Job } from '../../src/background/job.js';
import { readJobs } from '../../src/background/job-rows.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { freePort } from '../../src/platform/ports.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const schema = freshSchema('driver');
let pool: Pool;
let driver: Driver | undefined;
beforeAll(async () => {
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl() });
});
afterEach(() => driver?.stop());
afterAll(async () => {
  await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool.end();
});

function start(jobs: readonly Job[], on = pool, onDatabase?: (error: unknown) => void): readonly string[] {
  const lines: string[] = [];
  const log = (_about: unknown, line?: string): void => void lines.push(line ?? '');
  driver = startDriver({
    pool: on,
    schema,
    jobs,
    prepare: async () => undefined,
    logger: { info: log, warn: log, error: log },
    pace: { look: 20, away: 20 },
    ...(onDatabase && { onDatabase }),
  });
  return lines;
}

const rowOf = async (name: string) => (await readJobs(pool, schema)).find(({ job }) => job === name);

it('a job that fails stops no other job; it is run again, and its failures are counted until it is done', async () => {
  let times = 0;
  const failing: Job = {
    name: 'failing',
    pauseMs: 10,
    limitMs: 5_000,
    run: async () => {
      times += 1;
      if (times <= 3) throw new TypeError('a secret: 4111111111111111');
      return { times };
    },
  };
  const good: Job = { name: 'good', pauseMs: 10, limitMs: 5_000, run: async () => ({ found: 7 }) };
  const lines = start([failing, good]);
  await eventually('the failing job to be done', 10_000, async () => (await rowOf('failing'))?.lastResult === 'done');
  expect(lines).toEqual(['failing failed', 'failing failed', 'failing failed', 'failing runs again']);
  expect(await rowOf('failing')).toMatchObject({ failures: 0 });
  await eventually('the good job', 10_000, async () => ((await rowOf('good'))?.runs ?? 0) > 3);
  expect(await rowOf('good')).toMatchObject({ lastResult: 'done', lastStatus: { found: 7 }, failures: 0 });
});

it('a run that takes too long is cut off by its signal, and its row names the kind of its error alone', async () => {
  const hanging: Job = {
    name: 'hanging',
    pauseMs: 60_000,
    limitMs: 50,
    run: async ({ signal }) => {
      await once(signal, 'abort');
      throw new RangeError('the text of an error may hold what a customer has sent');
    },
  };
  start([hanging]);
  const row = await eventually('the cut', 10_000, async () => {
    const now = await rowOf('hanging');
    return now?.lastResult === 'cut' ? now : undefined;
  });
  expect(row).toMatchObject({ failures: 1, runningSince: null, lastStatus: { error: 'Error' } });
  expect(Date.parse(row.nextAt)).toBeGreaterThan(Date.parse(row.lastBeganAt ?? '') + 59_000);
});

it('without PostgreSQL the part of a job that needs none runs, and DatabaseAway is raised once and cleared once', async () => {
  const away = new Pool({ connectionString: `postgres://a:b@127.0.0.1:${await freePort('127.0.0.1')}/none` });
  const said: string[] = [];
  const log = (_about: unknown, line?: string): void => void said.push(line ?? '');
  const database = watchDatabase({ info: log, error: log }, 100);
  let without = 0;
  const job: Job = {
    name: 'without',
    pauseMs: 10,
    limitMs: 5_000,
    run: async () => ({}),
    runWithoutDatabase: async () => void (without += 1),
  };
  start([job], away, database.heard);
  await eventually('the condition', 10_000, () => said.length === 1 && without > 3);
  expect(said[0]).toMatch(/^raised: the journal's database has not answered/);
  expect(database.metrics()).toContain('unwind_database_away 1');
  await driver?.stop();
  await away.end();
  start([job], pool, database.heard);
  await eventually('its end', 10_000, () => said.length === 2);
  expect(said[1]).toMatch(/^cleared/);
  expect(database.metrics()).toContain('unwind_database_away 0');
  const before = without;
  await eventually('a run with the database', 10_000, async () => ((await rowOf('without'))?.runs ?? 0) > 1);
  expect(without).toBe(before);
});

it('each job has its last run, duration, result and next run as a metric, and they stay when the database is away', async () => {
  start([{ name: 'measured', pauseMs: 60_000, limitMs: 5_000, run: async () => ({}) }]);
  const row = await eventually('its run', 10_000, async () => {
    const now = await rowOf('measured');
    return now?.lastResult === 'done' ? now : undefined;
  });
  let isAway = false;
  const metrics = jobMetrics({ query: (...asked: unknown[]) => isAway ? Promise.reject(new Error('away')) : Reflect.apply(pool.query, pool, asked) } as never, schema); // prettier-ignore
  const expected = [
    `unwind_job_last_begin_seconds{job="measured"} ${Date.parse(row.lastBeganAt ?? '') / 1000}`,
    `unwind_job_next_run_seconds{job="measured"} ${Date.parse(row.nextAt) / 1000}`,
    `unwind_job_last_duration_seconds{job="measured"} ${(row.lastMs ?? NaN) / 1000}`,
    'unwind_job_last_result{job="measured",result="done"} 1',
  ];
  expect(await metrics()).toEqual(expect.arrayContaining([...expected, 'unwind_jobs_unreadable 0']));
  isAway = true;
  expect(await metrics()).toEqual(expect.arrayContaining([...expected, 'unwind_jobs_unreadable 1']));
});
