/** The stored alerts: one for each condition, raised and cleared once, whichever process looks. */
import { Pool } from 'pg';
import {
  fingerprintOf,
  lastAlertChange,
  readAlertChanges,
  readFiringAlerts,
  storeAlerts,
  type Alert,
  type Condition,
  type Look,
} from '../../src/background/alerts.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { inTransaction } from '../../src/platform/database/transaction.js';
import { databaseUrl, freshSchema } from '../support/database.js';

const schema = freshSchema('alerts');
let pool: Pool;
beforeAll(async () => {
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl() });
});
afterAll(async () => {
  await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool.end();
});
beforeEach(() => pool.query(`TRUNCATE ${schema}.alerts, ${schema}.alert_changes`));

const blocked = (step: string, ...examples: string[]): Condition => ({
  labels: { alertname: 'SagaBlocked', severity: 'critical', step },
  summary: `${examples.length} sagas wait`,
  runbook: 'docs/runbook.md#sagablocked',
  affected: examples.length,
  oldestSince: '2026-01-01T00:00:00.000Z',
  examples,
});

const look = (conditions: readonly Condition[], covers: Look['covers'] = () => true): Promise<readonly Alert[]> =>
  inTransaction(pool, (client) => storeAlerts(client, schema, { conditions, covers }));

const said = (alerts: readonly Alert[]): string[] => alerts.map(({ status, labels }) => `${status} ${labels['step']}`);

it('a condition is raised once, and cleared once when it is gone (rule 46)', async () => {
  expect(said(await look([blocked('refund', 'order-1')]))).toEqual(['firing refund']);
  expect(said(await look([blocked('refund', 'order-1')]))).toEqual([]);
  expect(said(await look([]))).toEqual(['resolved refund']);
  expect(said(await look([]))).toEqual([]);
  const changes = await readAlertChanges(pool, schema, { after: 0 });
  expect(said(changes.map(({ alert }) => alert))).toEqual(['firing refund', 'resolved refund']);
  expect(await readFiringAlerts(pool, schema)).toEqual([]);
});

it('one more saga under an alert changes its body and adds no change; twenty ids are kept (rule 46)', async () => {
  await look([blocked('refund', 'order-1')]);
  const many = Array.from({ length: 25 }, (_, n) => `order-${n}`);
  expect(await look([blocked('refund', ...many)])).toEqual([]);
  const [alert] = await readFiringAlerts(pool, schema);
  expect(alert?.annotations).toMatchObject({ affected: '25', summary: '25 sagas wait' });
  expect(alert?.annotations['examples']?.split(' ')).toEqual(many.slice(0, 20));
  expect(await readAlertChanges(pool, schema, { after: 0 })).toHaveLength(1);
});

it('a condition that comes back is raised again, with the same fingerprint and a later start (rule 46)', async () => {
  const [first] = await look([blocked('refund', 'order-1')]);
  await look([]);
  const [second] = await look([blocked('refund', 'order-2')]);
  expect(second?.fingerprint).toBe(first?.fingerprint);
  expect(Date.parse(second?.startsAt ?? '')).toBeGreaterThan(Date.parse(first?.startsAt ?? ''));
});

it('a look that could not ask about a condition leaves its alert as it is', async () => {
  await look([blocked('refund', 'order-1'), blocked('ship', 'order-2')]);
  expect(said(await look([], ({ step }) => step === 'ship'))).toEqual(['resolved ship']);
  expect(said(await readFiringAlerts(pool, schema))).toEqual(['firing refund']);
});

it('a reader goes on after the last change that it has seen, and gets each one once, in order', async () => {
  await look([blocked('refund', 'order-1')]);
  const seen = await lastAlertChange(pool, schema);
  await look([blocked('refund', 'order-1'), blocked('ship', 'order-2')]);
  await look([blocked('ship', 'order-2')]);
  const changes = await readAlertChanges(pool, schema, { after: seen });
  expect(said(changes.map(({ alert }) => alert))).toEqual(['firing ship', 'resolved refund']);
  expect(changes[0]?.alert).toMatchObject({ endsAt: '0001-01-01T00:00:00Z' });
  const [first] = await readAlertChanges(pool, schema, { after: seen, limit: 1 });
  expect(first).toEqual(changes[0]);
  expect(await readAlertChanges(pool, schema, { after: changes[1]?.position ?? 0 })).toEqual([]);
});

it('the fingerprint depends on the labels, and not on their order', () => {
  const labels = { alertname: 'SagaStuck', severity: 'warning', step: 'pay', sagaType: 'OrderFulfillment' } as const;
  const turned = { sagaType: 'OrderFulfillment', step: 'pay', severity: 'warning', alertname: 'SagaStuck' } as const;
  expect(fingerprintOf(turned)).toBe(fingerprintOf(labels));
  expect(fingerprintOf({ ...labels, step: 'ship' })).not.toBe(fingerprintOf(labels));
});
