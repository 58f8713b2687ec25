/** This release on a schema to which a later one has added a column in every table (J5): expand first, contract later. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openDeadLetters } from '../../src/journal/dead-letters/table.js';
import { openMaintenance } from '../../src/journal/audit/stored.js';
import { openInbox } from '../../src/commands/inbox.js';
import { judge } from '../../src/commands/judge.js';
import { openRefusals } from '../../src/commands/refusals.js';
import { journalPool } from '../../src/journal/write/journal.js';
import { DEMO_CUSTOMER, openOrders } from '../../src/orders/store/orders.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { run } from '../services/running-service.js';
import { batchOf, BLOCKED, CLOSING, entriesOf, HAPPY, intervenes, recordAfter } from './entries.js';
import { openTestJournal, type TestJournal } from './open-journal.js';

let test: TestJournal;
beforeAll(async () => {
  test = await openTestJournal();
  await test.journal.prepare();
  await expand(test.schema);
});
afterAll(() => test.close());

/** What a later release may do: a column with a default, and not null, in each table, and a migration that we do not know. */
async function expand(schema: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = $1 AND table_type = 'BASE TABLE' AND table_name <> 'migrations'`,
      [schema],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { name } of rows) {
      await client.query(
        `ALTER TABLE ${schema}.${name} ADD COLUMN added_later text NOT NULL DEFAULT 'by a later release'`,
      );
    }
    await client.query(`INSERT INTO ${schema}.migrations (name, run_on) VALUES ('9000_added_later', now())`);
  } finally {
    await client.end();
  }
}

const happy = entriesOf(HAPPY);

it('a worker stores the first events of a saga, later ones and its end (J5)', async () => {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy.slice(0, 2)));
  await test.another().append(batchOf(saga, happy.slice(2), { required: true, closing: CLOSING }));
  expect(await test.reader.getSaga(saga)).toMatchObject({ state: 'COMPLETED', version: 10 });
  expect(await test.events(saga)).toHaveLength(10);
  const [row] = await test.sql('SELECT added_later FROM sagas WHERE saga_id = $1', [saga]);
  expect(row).toEqual({ added_later: 'by a later release' });
});

it('what a blocked saga leaves is stored, listed, closed and verified (J5)', async () => {
  const saga = `order-${randomUUID()}`;
  const blocked = entriesOf(BLOCKED);
  await test.journal.append(batchOf(saga, blocked));
  const { items } = await test.reader.listSagas({ state: 'COMPENSATING' }, { limit: 5 });
  expect(items.map(({ sagaId }) => sagaId)).toEqual([saga]);
  const letters = await openDeadLetters({ databaseUrl: test.url, schema: test.schema });
  expect(await letters.list({})).toMatchObject([{ sagaId: saga, reason: 'ReleaseRefused' }]);
  await test.journal.append(batchOf(saga, entriesOf([intervenes('retry')], 9)));
  expect(await letters.list({})).toEqual([]);
  await letters.close();
  const maintenance = await openMaintenance({ databaseUrl: test.url, schema: test.schema });
  await maintenance.repair({ sagaId: saga, evidence: undefined, apply: true });
  expect((await maintenance.read(saga)).row).toMatchObject({ state: recordAfter(saga, blocked).state, version: 9 });
  await maintenance.close();
});

it('a command is taken in and refused (J5)', async () => {
  const pool = journalPool({ databaseUrl: test.url, schema: test.schema, poolSize: 1 });
  try {
    const inbox = openInbox(pool, test.schema);
    const received = { place: 'saga-commands/0/1@1', key: null, value: Buffer.from('{}'), headers: {} };
    const message = { received, judged: judge(received, undefined) };
    expect(await inbox.takeIn([message, message])).toEqual(['refused', 'repeated']);
    expect(await openRefusals(pool, test.schema).claim(5)).toMatchObject([{ code: 'InvalidRequest' }]);
  } finally {
    await pool.end();
  }
});

it('an order is claimed, confirmed, read and listed, under a key as well (J5)', async () => {
  const schema = freshSchema('orders');
  await (await openOrders({ databaseUrl: databaseUrl(), schema, demoData: false })).close();
  await expand(schema);
  const orders = await openOrders({ databaseUrl: databaseUrl(), schema, demoData: true });
  try {
    const customer = await orders.customer('demo-customer');
    expect(customer).toMatchObject({ customerId: 'demo-customer' });
    const order = {
      orderId: '1',
      customerId: 'c-1',
      items: [{ productId: '123', quantity: 1 }],
      paymentMethod: 'pm_1',
    };
    const asked = {
      order: { ...order, shippingAddress: DEMO_CUSTOMER.shippingAddress },
      fingerprint: 'f',
      named: true,
    };
    expect(await orders.ask({ ...asked, key: { owner: 'c-1', key: 'k' } })).toMatchObject({ outcome: 'asked' });
    await orders.confirm('1');
    expect(await orders.get('1')).toMatchObject(order);
    expect(await orders.list({}, { limit: 5 })).toMatchObject([{ orderId: '1' }]);
  } finally {
    await orders.close();
  }
});

it('a service reserves and releases (J5)', async () => {
  const schema = freshSchema('inventory');
  await (await run(openInventory, { schema })).stop();
  await expand(schema);
  const inventory = await run(openInventory, { schema });
  try {
    const body = { orderId: '1', items: [{ productId: '123', quantity: 2 }] };
    expect(await inventory.call('PUT', '/api/reservations/order-1', body)).toMatchObject({
      body: { effect: 'applied' },
    });
    expect(await inventory.call('DELETE', '/api/reservations/order-1')).toMatchObject({ body: { status: 'undone' } });
  } finally {
    await inventory.stop();
  }
});
