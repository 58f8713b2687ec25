/** What a page of a list reads is bounded, however many orders there are (rule 52). */
import { Pool, type QueryResult } from 'pg';
import { listEvents } from '../../src/journal/read/list-events.js';
import { listOrders as listFromJournal } from '../../src/journal/read/orders.js';
import type { OrderFilter } from '../../src/journal/read/reader.js';
import { listOrders } from '../../src/orders/store/list.js';
import { openOrders, type OrderStore } from '../../src/orders/store/orders.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { databaseUrl, freshSchema } from '../support/database.js';

const ORDERS = 20_000;
/** Rows that a node of a plan may give or throw away: five looks at 200 rows, and no more. */
const MOST_ROWS = 1_000;

const [schema, ordersSchema] = [freshSchema('plans'), freshSchema('plans_orders')];
let orders: OrderStore;
let pool: Pool;
let asked: { text: string; values: unknown[] }[] = [];

beforeAll(async () => {
  orders = await openOrders({ databaseUrl: databaseUrl(), schema: ordersSchema, demoData: false });
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl() });
  // One of a thousand has failed, five wait; a hundred have a product of their own.
  await pool.query(`
    INSERT INTO ${ordersSchema}.orders (id, customer_id, items, payment_token, shipping_address, fingerprint, created_at, started_at)
    SELECT n::text, 'c-' || n % 50, jsonb_build_array(jsonb_build_object('productId',
      CASE WHEN n % 200 = 0 THEN 'rare' ELSE '123' END, 'quantity', 1)), 'pm', '{}', 'f', at, at
    FROM generate_series(1, ${ORDERS}) n, LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '1 minute' AS at) t`);
  await pool.query(`
    INSERT INTO ${schema}.sagas (saga_id, saga_type, state, data, steps, waivers, dead_letters, waiting_for, created_at,
      updated_at, version, branch, run_id, behind_gap)
    SELECT 'order-' || n, 'OrderFulfillment', CASE WHEN n % 1000 = 0 THEN 'FAILED' ELSE 'COMPLETED' END,
      jsonb_build_object('orderId', n::text, 'orderedAt', to_jsonb(at)), '[]', '[]', '[]',
      CASE WHEN n % 4000 = 0 THEN '{"approval": "order", "until": "2027-01-01T00:00:00Z"}'::jsonb END,
      at, at, 8, 0, 'run', false
    FROM generate_series(1, ${ORDERS}) n, LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '1 minute' AS at) t`);
  await pool.query(`
    INSERT INTO ${schema}.saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
    SELECT 'order-' || n, 0, 1, gen_random_uuid(), n, '1', CASE WHEN n % 1000 = 0 THEN 'SagaBlocked' ELSE 'SagaStarted' END,
      '{}', now(), 'run' FROM generate_series(1, ${ORDERS}) n`);
  for (const table of ['sagas', 'saga_events']) await pool.query(`VACUUM ANALYZE ${schema}.${table}`);
  for (const table of ['orders', 'order_products']) await pool.query(`VACUUM ANALYZE ${ordersSchema}.${table}`);
});

afterAll(async () => {
  await pool?.query(`DROP SCHEMA IF EXISTS ${schema}, ${ordersSchema} CASCADE`);
  await pool?.end();
  await orders?.close();
});

beforeEach(() => {
  asked = [];
});

/** Remembers what is asked of the real one. */
const watched = (): Pool =>
  ({
    query: async (text: string, values: unknown[] = []): Promise<QueryResult> => {
      asked.push({ text, values });
      return pool.query(text, values);
    },
  }) as unknown as Pool;

interface Node {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Node[];
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

async function plans(): Promise<Node[]> {
  const all = await Promise.all(
    asked.map(async ({ text, values }) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
        values,
      );
      return nodesOf((rows[0] as (typeof rows)[0])['QUERY PLAN'][0].Plan);
    }),
  );
  return all.flat();
}

async function expectBounded(): Promise<void> {
  expect(asked.length).toBeGreaterThan(0);
  for (const node of await plans()) {
    const touched = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    expect([node['Node Type'], node['Relation Name'], touched <= MOST_ROWS]).toEqual([
      node['Node Type'],
      node['Relation Name'],
      true,
    ]);
  }
}

const page = (filter: OrderFilter, cursor?: string) => {
  const from = watched();
  const source = {
    list: (...[wanted, listing]: Parameters<OrderStore['list']>) => listOrders(from, ordersSchema, wanted, listing),
  };
  return listFromJournal(from, schema, source, { filter, page: { limit: 50, cursor } });
};

const MIDDLE = { from: '2026-01-05T00:00:00.000000Z', to: '2026-01-06T00:00:00.000000Z' };
const FILTERS: readonly [string, OrderFilter][] = [
  ['nothing', {}],
  ['a time', MIDDLE],
  ['a rare state', { states: ['FAILED'] }],
  ['a state that no order has', { states: ['CANCELLED'] }],
  ['several states and a time', { states: ['FAILED', 'CANCELLED', 'COMPENSATING'], ...MIDDLE }],
  ['a frequent state and a time', { states: ['COMPLETED'], ...MIDDLE }],
  ['orders that are STARTED, of which there are none', { states: ['STARTED'] }],
  ['what waits', { waiting: true }],
  ['a rare product', { productId: 'rare' }],
  ['a frequent product and a time', { productId: '123', ...MIDDLE }],
  ['a customer, a product and a state', { customerId: 'c-7', productId: 'rare', states: ['FAILED'] }],
  ['changes', { updatedFrom: MIDDLE.from }],
  ['changes of a state that few have', { updatedFrom: MIDDLE.from, states: ['FAILED'] }],
];

it.each(FILTERS)(
  'a page of orders filtered by %s reads no more than it looks at, nor does the next one (rule 52)',
  async (_what, filter) => {
    const first = await page(filter);
    await expectBounded();
    if (first.next === null) return;
    asked = [];
    await page(filter, first.next);
    await expectBounded();
  },
);

it('a list with a rare condition reads few rows if an index has the condition, and ends after some pages if not (A10, rule 52)', async () => {
  expect((await page({ states: ['FAILED'] })).items).toHaveLength(ORDERS / 1000);
  expect((await page({ waiting: true })).items).toHaveLength(ORDERS / 4000);
  expect((await page({ states: ['FAILED'], ...MIDDLE })).items.map(({ orderId }) => orderId)).toEqual(['7000', '6000']);
  expect((await page({ productId: 'rare', ...MIDDLE })).items).toHaveLength(7);
});

it('a page of events reads no more than it looks at, also of a rare type (rule 52)', async () => {
  await listEvents(watched(), schema, {}, { limit: 200 });
  const rare = await listEvents(watched(), schema, { types: ['SagaBlocked'] }, { limit: 10 });
  expect([rare.items.length, rare.more]).toEqual([1, true]);
  await listEvents(watched(), schema, { types: ['SagaBlocked'] }, { limit: 10, cursor: rare.next });
  await expectBounded();
});
