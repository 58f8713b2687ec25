/** A database whose own settings are as unlike ours as they can be (A8): everything works on it as on any other. */
import { Client } from 'pg';
import { connectClient, openPool } from '../../../src/platform/database/session.js';
import { parseTime } from '../../../src/platform/database/times.js';
import { openJournal } from '../../../src/journal/write/journal.js';
import { openReader, type OpenReader } from '../../../src/journal/read/open-reader.js';
import { startRelay } from '../../../src/relay/relay.js';
import { openOrders, type OrderStore } from '../../../src/orders/store/orders.js';
import { batchOf, entriesOf, HAPPY } from '../../journal/entries.js';
import { recordingSink } from '../../journal/recording-sink.js';
import { PARTICIPANTS } from '../../services/participants.js';
import { run } from '../../services/running-service.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

const name = freshSchema('hostile');
const hostile = new URL(databaseUrl());
hostile.pathname = name;

const SETTINGS = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  search_path: 'evil, pg_catalog',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  statement_timeout: '1234ms',
  lock_timeout: '1234ms',
  idle_in_transaction_session_timeout: '1234ms',
};

async function administer(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

let orders: OrderStore;
let reader: OpenReader;

beforeAll(async () => {
  await administer(databaseUrl(), `CREATE DATABASE ${name}`);
  // What hides behind a name of PostgreSQL's own, if a session's search path lets it.
  const trap = `CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1999-01-01'::timestamptz $$`;
  await administer(hostile.href, 'CREATE SCHEMA evil', trap);
  await administer(
    databaseUrl(),
    ...Object.entries(SETTINGS).map(([setting, value]) => {
      const list = setting === 'search_path' ? value : `'${value}'`;
      return `ALTER DATABASE ${name} SET ${setting} = ${list}`;
    }),
  );
  orders = await openOrders({ databaseUrl: hostile.href, demoData: true });
  reader = openReader({ databaseUrl: hostile.href, orders });
});
afterAll(async () => {
  await Promise.all([orders?.close(), reader?.close()]);
  await administer(databaseUrl(), `DROP DATABASE ${name} WITH (FORCE)`);
});

const orderOf = (orderId: string) => ({
  orderId,
  customerId: 'c-1',
  items: [{ productId: '123', quantity: 1 }],
  paymentMethod: 'pm_1',
  shippingAddress: { name: 'N', street: 'S', city: 'C', postalCode: '1', country: 'AT' },
});

const ITEMS = [{ productId: '123', quantity: 1 }];

/** Within this test's time, and not in 1999 or with day and month exchanged. */
const isNow = (time: string | null | undefined): boolean =>
  Math.abs(Date.parse(String(time)) - Date.now()) < 10 * 60_000;

it('(A8) orders are taken, read and listed page by page, with their times as they were', async () => {
  const ids = ['1', '2', '3', '4', '5'];
  for (const id of ids) {
    const claimed = await orders.ask({ order: orderOf(id), fingerprint: id, named: true, key: undefined });
    expect(claimed.outcome).toBe('asked');
    await orders.confirm(id);
  }
  const stored = await orders.get('1');
  expect([stored?.createdAt, stored?.startedAt].map(isNow)).toEqual([true, true]);
  const listed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await reader.listOrders({ from: parseTime(stored?.createdAt ?? '') }, { cursor, limit: 2 });
    listed.push(...page.items.map(({ orderId }) => orderId));
    expect(page.items.map(({ createdAt }) => isNow(createdAt))).not.toContain(false);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  expect(listed).toEqual(ids.toReversed());
});

it('(A8) the journal is written, read, listed page by page, and relayed', async () => {
  const askRun = async () => ({ standing: 'superseded' as const });
  const journal = openJournal({ databaseUrl: hostile.href, askRun, onSearchPath: true });
  const entries = entriesOf(HAPPY);
  for (const id of ['a', 'b', 'c']) await journal.append(batchOf(`order-${id}`, entries));
  const events = await reader.getEvents('order-a', { limit: 100 });
  expect(events.map(({ at }) => at)).toEqual(entries.map(({ at }) => at));
  const first = await reader.listSagas({ olderThan: 60_000 }, { limit: 2 });
  const second = await reader.listSagas({ olderThan: 60_000 }, { cursor: first.next ?? '', limit: 2 });
  expect([...first.items, ...second.items].map(({ sagaId }) => sagaId)).toEqual(['order-c', 'order-b', 'order-a']);
  expect(first.items[0]?.updatedAt).toBe(entries.at(-1)?.at);
  const sink = recordingSink();
  const relay = startRelay({ databaseUrl: hostile.href, sink, pace: { poll: 10 } });
  await eventually('all events', 30_000, async () => sink.events.length === 3 * HAPPY.length);
  expect(sink.events[0]?.at).toBe(entries[0]?.at);
  await relay.stop();
  await journal.close();
  // The role's own search path is the one that is widened, with what was on it before.
  const asOthers = new Client({ connectionString: hostile.href });
  await asOthers.connect();
  expect((await asOthers.query('SHOW search_path')).rows).toEqual([{ search_path: 'evil, pg_catalog, journal' }]);
  await asOthers.end();
});

it.each(PARTICIPANTS)('(A8) the $name service applies, shows and undoes an effect', async (participant) => {
  const service = await run((options) => participant.open({ ...options, databaseUrl: hostile.href }));
  const path = `/api/${participant.collection}/x${participant.idEnd}`;
  const body = participant.collection === 'reservations' ? { orderId: 'o-1', items: ITEMS } : participant.body;
  expect((await service.call('PUT', path, body)).status).toBe(200);
  expect((await service.call('GET', path)).body['effect']).toBe('applied');
  expect((await service.call('GET', `/api/${participant.collection}?effect=applied`)).body['items']).toHaveLength(1);
  if (participant.deleteRefusal) expect((await service.call('DELETE', path)).body['status']).toBe('undone');
  await service.stop();
});

it('(A8) every setting is ours, also behind a URL with options of its own, and its time-outs are as they were asked for', async () => {
  const url = `${hostile.href}?options=-c%20DateStyle%3DGerman%20-c%20statement_timeout%3D77`;
  const client = await connectClient({ connectionString: url, statement_timeout: 4_321 });
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1) ORDER BY name',
    [Object.keys(SETTINGS)],
  );
  await client.end();
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    TimeZone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: '1',
    search_path: 'pg_catalog, pg_temp',
    default_transaction_read_only: 'off',
    default_transaction_isolation: 'read committed',
    standard_conforming_strings: 'on',
    array_nulls: 'on',
    transform_null_equals: 'off',
    statement_timeout: '4321',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
  });
});

it('(A8) a session that cannot be settled is not handed out', async () => {
  const pool = openPool({ connectionString: hostile.href, schema: 'x'.repeat(10), statement_timeout: -1 });
  await expect(pool.query('SELECT 1')).rejects.toThrow('statement_timeout');
  await pool.end();
});
