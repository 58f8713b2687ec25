import { Client } from 'pg';
import type { Order } from '../../../src/order.js';
import type { Asked } from '../../../src/orders/store/idempotency.js';
import { DEMO_CUSTOMER, openOrders, type OrdersOptions, type OrderStore } from '../../../src/orders/store/orders.js';
import { OrdersUnavailableError } from '../../../src/orders/store/unavailable.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { linkTo } from '../breakable-link.js';

const schema = freshSchema('orders');

const anOrder = (orderId: string): Order => ({
  orderId,
  customerId: 'c-1',
  items: [{ productId: '123', quantity: 2 }],
  paymentMethod: 'pm_1',
  shippingAddress: { name: 'A "quoted" Ñame', street: 'S 1', city: 'C', postalCode: '1', country: 'AT' },
});

const asked = (orderId: string): Asked => ({ order: anOrder(orderId), fingerprint: 'print', named: true });

const opened: OrderStore[] = [];

async function open(options: Partial<OrdersOptions> = {}): Promise<OrderStore> {
  const store = await openOrders({ databaseUrl: databaseUrl(), schema, demoData: false, ...options });
  opened.push(store);
  return store;
}

async function sql<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

afterAll(async () => {
  await sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
});

describe('the orders table', () => {
  it('gives back what was ordered, not started until that is confirmed', async () => {
    const orders = await open();
    const claimed = {
      orderId: 'o-1',
      startedAt: null,
      createdAt: expect.any(String),
      mark: expect.any(String),
      drawn: false,
    };
    expect(await orders.ask(asked('o-1'))).toEqual({ outcome: 'asked', ...claimed });
    const stored = await orders.get('o-1');
    expect(stored).toEqual({
      ...anOrder('o-1'),
      fingerprint: 'print',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      startedAt: null,
      cancelReason: null,
      cancelComment: null,
      mark: expect.any(String),
      forgottenAt: null,
    });
    expect(await orders.get('o-unknown')).toBeUndefined();
  });

  it('tells a repeat from another order under the same id, and leaves the first one untouched', async () => {
    const orders = await open();
    await orders.ask(asked('o-2'));
    expect(await orders.ask(asked('o-2'))).toMatchObject({ outcome: 'asked', orderId: 'o-2' });
    expect(await orders.ask({ ...asked('o-2'), fingerprint: 'other' })).toEqual({ outcome: 'taken' });
    const another = { ...asked('o-2'), order: { ...anOrder('o-2'), customerId: 'c-2' } };
    expect(await orders.ask(another)).toEqual({ outcome: 'taken' });
    expect(await orders.get('o-2')).toMatchObject({ customerId: 'c-1', fingerprint: 'print' });
  });

  it('creates one of 20 parallel orders with one id', async () => {
    const orders = await open();
    const results = await Promise.all(Array.from({ length: 20 }, () => orders.ask(asked('o-3'))));
    expect(results.filter(({ outcome }) => outcome === 'asked')).toHaveLength(20);
    expect(await sql(`SELECT id FROM ${schema}.orders WHERE id = 'o-3'`)).toHaveLength(1);
  });

  it('keeps the first time at which the start was confirmed', async () => {
    const orders = await open();
    await orders.ask(asked('o-4'));
    await orders.confirm('o-4');
    const first = await orders.get('o-4');
    await orders.confirm('o-4');
    expect(first?.startedAt).not.toBeNull();
    expect((await orders.get('o-4'))?.startedAt).toBe(first?.startedAt);
  });

  it('is migrated once by processes that start together', async () => {
    const together = freshSchema('orders_together');
    await Promise.all(Array.from({ length: 5 }, () => open({ schema: together })));
    expect(await sql(`SELECT name FROM ${together}.migrations`)).toEqual([
      { name: '0001_orders' },
      { name: '0002_orders_by_age' },
      { name: '0003_idempotency' },
      { name: '0004_cancellations' },
      { name: '0005_forgotten' },
      { name: '0006_shared_keys' },
      { name: '0007_order_page' },
      { name: '0008_write_probe' },
      { name: '0009_drawn_ids' },
    ]);
    await sql(`DROP SCHEMA ${together} CASCADE`);
  });

  it('knows the demo customer with demo data only, and keeps what was changed', async () => {
    const orders = await open();
    expect(await orders.customer(DEMO_CUSTOMER.customerId)).toBeUndefined();
    const demo = await open({ demoData: true });
    expect(await demo.customer(DEMO_CUSTOMER.customerId)).toEqual(DEMO_CUSTOMER);
    await sql(`UPDATE ${schema}.customers SET payment_token = 'pm_changed'`);
    const again = await open({ demoData: true });
    expect(await again.customer(DEMO_CUSTOMER.customerId)).toMatchObject({ paymentMethod: 'pm_changed' });
  });
});

describe('without its database', () => {
  it('says so with a typed error, lives on, and works again when the database is back', async () => {
    const { hostname, port } = new URL(databaseUrl());
    const link = await linkTo(hostname, Number(port));
    const url = new URL(databaseUrl());
    url.host = link.address;
    let onConnectionLoss = (_error: Error): void => {};
    const lost = new Promise<Error>((resolve) => (onConnectionLoss = resolve));
    const orders = await open({ databaseUrl: url.href, onConnectionLoss });
    try {
      await orders.ping();
      await link.cut();
      await lost;
      await expect(orders.get('o-1')).rejects.toBeInstanceOf(OrdersUnavailableError);
      await expect(orders.ask(asked('o-5'))).rejects.toBeInstanceOf(OrdersUnavailableError);
      await link.mend();
      expect(await orders.ask(asked('o-5'))).toMatchObject({ outcome: 'asked' });
    } finally {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await link.close();
    }
  });

  it('does not take a mistake in a query for an outage', async () => {
    const orders = await open();
    const broken = { ...asked('o-6'), order: { ...anOrder('o-6'), customerId: 'a\u0000b' } };
    const error: unknown = await orders.ask(broken).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(OrdersUnavailableError);
  });
});
