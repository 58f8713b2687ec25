/** The watch on a real Temporal server and a real PostgreSQL: what it raises, what it tells apart, and what ends it. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { readAlertChanges, readFiringAlerts, type Alert } from '../../src/background/alerts.js';
import { startDriver } from '../../src/background/driver.js';
import { alertMetrics } from '../../src/background/watch/alert-metrics.js';
import { lookAround, watchSagas, type WatchDeps } from '../../src/background/watch/watch-sagas.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { freePort } from '../../src/platform/ports.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';

const schema = freshSchema('watch');
const limits = { stuckAfter: 60_000, deadline: 3_600_000 };
let pool: Pool;
let env: TestEnv;
let taskQueue: string;
let lines: string[];
let deps: WatchDeps;

beforeAll(async () => {
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl() });
  env = await createDevServer();
});
afterAll(async () => {
  await env?.close();
  await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool.end();
});
beforeEach(async () => {
  await pool.query(`TRUNCATE ${schema}.alerts, ${schema}.alert_changes, ${schema}.sagas, ${schema}.jobs`);
  taskQueue = randomUUID();
  lines = [];
  const log = (_about: unknown, line?: string): void => void lines.push(line ?? '');
  deps = { pool, schema, temporal: env.client, limits, taskQueue, logger: { info: log, warn: log, error: log } };
});

const look = (more: Partial<WatchDeps> = {}) =>
  lookAround({ ...deps, ...more }, { signal: new AbortController().signal, fence: async () => undefined });
const firing = async (): Promise<readonly string[]> => (await readFiringAlerts(pool, schema)).map(said).toSorted();
const said = ({ labels, annotations }: Alert): string => `${labels.alertname}: ${annotations['examples']}`;

/** A row of the read model; its last event is `quietFor` milliseconds old. */
const store = (sagaId: string, more: Readonly<Record<string, unknown>> = {}, quietFor = 600_000): Promise<unknown> =>
  pool.query(`INSERT INTO ${schema}.sagas SELECT (jsonb_populate_record(NULL::${schema}.sagas, $1)).*`, [
    {
      saga_id: sagaId,
      saga_type: 'OrderFulfillment',
      state: 'PENDING',
      data: {},
      steps: [{ name: 'process_payment', kind: 'compensatable', status: 'executing', attempts: 3 }],
      waivers: [],
      dead_letters: [],
      current_step: 'process_payment',
      created_at: new Date(Date.now() - quietFor),
      updated_at: new Date(Date.now() - quietFor),
      version: 2,
      branch: 0,
      run_id: 'run',
      behind_gap: false,
      changed_at: new Date(),
      ...more,
    },
  ]);

const start = (workflowId: string) =>
  env.client.workflow.start('orderFulfillment', { taskQueue, workflowId, args: [] });

const pause = (workflowId: string, isPaused: boolean): Promise<unknown> => {
  const who = {
    namespace: env.namespace,
    workflowId,
    identity: 'olga@desk',
    reason: 'counting',
    requestId: workflowId,
  };
  const { workflowService } = env.client;
  return isPaused ? workflowService.pauseWorkflowExecution(who) : workflowService.unpauseWorkflowExecution(who);
};

it('a worker with a broken release raises an alert while Temporal shows the order as running, and the repair clears it (rule 32)', async () => {
  const id = `order-${randomUUID()}`;
  const release = (name: string) => ({ taskQueue, workflowsPath: path.join(import.meta.dirname, `${name}.ts`) });
  const handle = await start(id);
  await env.withWorker(release('broken-release'), async () => {
    await eventually('the alert', 60_000, async () => {
      await look();
      return (await firing()).includes(`WorkflowTaskFailing: ${id}`);
    });
  });
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await env.withWorker(release('repaired-release'), () => handle.result());
  await eventually('its end', 20_000, async () => {
    await look();
    return (await firing()).length === 0;
  });
  expect(lines).toEqual([
    expect.stringMatching(/^raised: WorkflowTaskFailing/),
    expect.stringMatching(/^cleared: WorkflowTaskFailing/),
  ]);
});

it('a paused order is told apart from a stuck one, and from one that waits for an approval (rules 32 and 51)', async () => {
  const [paused, stuck, waits, blocked] = ['paused', 'stuck', 'waits', 'blocked'].map(
    (it) => `order-${it}-${randomUUID()}`,
  );
  if (!paused || !stuck || !waits || !blocked) throw new Error('no ids');
  const handles = await Promise.all([start(paused), start(stuck)]);
  await store(paused);
  await store(stuck);
  await store(waits, { waiting_for: { approval: 'order', until: new Date(Date.now() + 60_000).toISOString() } });
  await store(blocked, { blocked_on: 'process_payment' }, 0);
  await pause(paused, true);
  await eventually('the pause to be listed', 20_000, async () => {
    await look();
    return (await firing()).includes(`SagaPaused: ${paused}`);
  });
  expect(await firing()).toEqual([`SagaBlocked: ${blocked}`, `SagaPaused: ${paused}`, `SagaStuck: ${stuck}`]);

  await pool.query(`UPDATE ${schema}.sagas SET updated_at = clock_timestamp() WHERE saga_id = $1`, [stuck]);
  await pause(paused, false);
  await eventually('the pause to end', 20_000, async () => {
    await look();
    return (await firing()).includes(`SagaStuck: ${paused}`);
  });
  expect(await firing()).toEqual([`SagaBlocked: ${blocked}`, `SagaStuck: ${paused}`]);
  await Promise.all(handles.map((handle) => handle.terminate()));
});

it('an approval that is overdue, and that the saga has not noticed, is stuck like any other (rule 32)', async () => {
  await store('order-late', {
    waiting_for: { approval: 'order', until: new Date(Date.now() - 120_000).toISOString() },
  });
  await look();
  expect(await firing()).toEqual(['SagaStuck: order-late']);
});

it('a blocked order raises its alert within the minute, and clears it within the minute of its end, by the driver (rule 46)', async () => {
  const prepare = async (): Promise<void> => undefined;
  const driver = startDriver({ pool, schema, jobs: [watchSagas(deps)], prepare, logger: deps.logger });
  try {
    await store('order-1', { blocked_on: 'process_payment', state: 'COMPENSATING' }, 0);
    await eventually('the alert', 60_000, async () => (await firing()).length > 0);
    expect(await firing()).toEqual(['SagaBlocked: order-1']);
    expect(await alertMetrics(pool, schema)()).toContain(
      'saga_blocked{step="process_payment",saga_type="OrderFulfillment"} 1',
    );
    await pool.query(`UPDATE ${schema}.sagas SET blocked_on = NULL, updated_at = clock_timestamp()`);
    await eventually('its end', 60_000, async () => (await firing()).length === 0);
    const changes = await readAlertChanges(pool, schema, { after: 0 });
    expect(changes.map(({ alert }) => alert.status)).toEqual(['firing', 'resolved']);
    expect(lines).toHaveLength(2);
  } finally {
    await driver.stop();
  }
});

it('while Temporal is away that is said, what is blocked is still raised, and what only Temporal knows stays as it was', async () => {
  await store('order-stuck');
  await look();
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  await store('order-blocked', { blocked_on: 'process_payment' }, 0);
  await pool.query(`UPDATE ${schema}.sagas SET updated_at = clock_timestamp() WHERE saga_id = 'order-stuck'`);
  await look({ temporal: new Client({ connection }) });
  await connection.close();
  expect(await firing()).toEqual(['SagaBlocked: order-blocked', 'SagaStuck: order-stuck', 'TemporalAway: temporal']);
  await look();
  expect(await firing()).toEqual(['SagaBlocked: order-blocked']);
});
