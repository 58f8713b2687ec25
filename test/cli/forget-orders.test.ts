/** Forgetting a customer over real services, a real journal and a dev server, as `unwind forget` does it (P1, rule 55). */
import { Client as Postgres } from 'pg';
import { forgetCustomersOrders, forgetOrder, type Forgotten } from '../../src/cli/forget-orders.js';
import { fingerprintOf } from '../../src/orders/store/fingerprint.js';
import type { Order } from '../../src/order.js';
import { resetBefore } from '../journal/reset.js';
import { databaseUrl } from '../support/database.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, steering, type Shop } from '../workflows/shop.js';
import { approve } from '../../src/workflows/messages.js';

const ADDRESS = { name: 'Ann Lee', street: 'Elm Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };
const BY = { actor: 'olga', reason: 'ticket 17' };
const PERSONAL = /ann@example|Ann Lee|Elm Road|pm_anns/;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop.close());

async function sql<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Postgres({
    connectionString: databaseUrl(),
    options: `-c search_path=${shop.ordersSchema}`,
  });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const deps = () => ({
  orders: shop.orders,
  journal: shop.journal.reader,
  client: shop.env.client,
  services: shop.urls,
});

const orderOf = (orderId: string, customerId: string): Order => ({
  orderId,
  customerId,
  items: [{ productId: '123', quantity: 2 }],
  paymentMethod: 'pm_anns',
  shippingAddress: ADDRESS,
  metadata: { gift: 'for Ann Lee' },
});

/** Placed as the API does it, and confirmed. */
async function place(orderId: string, customerId = 'ann@example.com', more = {}): Promise<string> {
  const { orderId: _id, ...order } = orderOf(orderId, customerId);
  const sagaId = await shop.place({ orderId, ...order }, more);
  await shop.orders.confirm(orderId);
  return sagaId;
}

async function ended(orderId: string, customerId?: string): Promise<string> {
  const sagaId = await place(orderId, customerId);
  await shop.outcomeOf(sagaId);
  await eventually('the journal to know the end', 10_000, async () => {
    const saga = await shop.journal.reader.getSaga(sagaId);
    return saga?.state === 'COMPLETED';
  });
  return sagaId;
}

async function all(customerId: string, dry: boolean, stop = new AbortController().signal): Promise<Forgotten[]> {
  const forgotten: Forgotten[] = [];
  for await (const one of forgetCustomersOrders(deps(), customerId, BY, { dry, stop })) forgotten.push(one);
  return forgotten;
}

describe('an order that has ended', () => {
  it('is blanked but for its id, its content’s hash, its items, its times and a hash of its owner', async () => {
    await ended('blank-1');
    await shop.orders.keepCancellation('blank-1', { reason: 'changed_mind', comment: 'Ann Lee of Elm Road' });
    const [before] = await sql<Record<string, unknown>>(`SELECT * FROM orders WHERE id = 'blank-1'`);
    expect(await forgetOrder(deps(), 'blank-1', BY, true)).toEqual({
      orderId: 'blank-1',
      done: true,
      why: 'COMPLETED',
    });
    expect(await sql(`SELECT * FROM orders WHERE id = 'blank-1'`)).toEqual([before]);

    expect(await forgetOrder(deps(), 'blank-1', BY, false)).toEqual({
      orderId: 'blank-1',
      done: true,
      why: 'COMPLETED',
    });
    const [after] = await sql<Record<string, unknown>>(`SELECT * FROM orders WHERE id = 'blank-1'`);
    expect(JSON.stringify(after)).not.toMatch(PERSONAL);
    expect([before?.['metadata'], after?.['metadata']]).toEqual([{ gift: 'for Ann Lee' }, null]);
    const kept = ['id', 'items', 'fingerprint', 'created_at', 'started_at', 'asked_at', 'missed_at', 'mark', 'prices'];
    for (const column of kept) expect(after?.[column]).toEqual(before?.[column]);
    expect(after?.['customer_id']).toMatch(/^#[0-9a-f]{64}$/);
    expect(await sql(`SELECT actor, reason, order_id, orders FROM forgettings WHERE order_id = 'blank-1'`)).toEqual([
      { actor: 'olga', reason: 'ticket 17', order_id: 'blank-1', orders: 1 },
    ]);
    expect(await forgetOrder(deps(), 'blank-1', BY, false)).toMatchObject({ done: true, why: /^forgotten already/ });
  });

  it('of each column that the table has it is known whether it is personal', async () => {
    const columns = await sql<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = $1 AND table_name = 'orders' ORDER BY 1`,
      [shop.ordersSchema],
    );
    const kept = [
      'asked_at',
      'cancel_reason',
      'created_at',
      'drawn',
      'fingerprint',
      'forgotten_at',
      'id',
      'items',
      'mark',
      'missed_at',
      'prices',
      'started_at',
    ];
    const blanked = ['cancel_comment', 'customer_id', 'metadata', 'payment_token', 'shipping_address'];
    expect(columns.map(({ name }) => name)).toEqual([...kept, ...blanked].toSorted());
  });

  it('keeps its id taken, for its owner and for anybody else, with the same content', async () => {
    await ended('taken-1');
    await forgetOrder(deps(), 'taken-1', BY, false);
    for (const customerId of ['ann@example.com', 'bob']) {
      const order = orderOf('taken-1', customerId);
      expect(await shop.orders.ask({ order, fingerprint: fingerprintOf(order), named: true })).toEqual({
        outcome: 'taken',
      });
    }
    expect(await shop.orders.get('taken-1')).toMatchObject({ forgottenAt: expect.any(String) });
  });

  it('that is reset is asked for and not done again: it completes as it stood', async () => {
    const sagaId = await ended('reset-1');
    const books = await shop.ledgerOf('payment', `payments/${sagaId}`);
    await forgetOrder(deps(), 'reset-1', BY, false);
    await resetBefore(shop, sagaId, 'reserveInventory');
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
    expect(await shop.ledgerOf('payment', `payments/${sagaId}`)).toEqual(books);
  });
});

describe('a request under an idempotency key whose order was forgotten', () => {
  const asked = (order: Order, customerId: string) => ({
    order,
    fingerprint: fingerprintOf(order),
    named: false,
    key: { owner: customerId, key: `${customerId}-first` },
  });

  it('is answered as before to its owner, places nothing, and nothing personal is stored of it', async () => {
    const order = orderOf('keyed-1', 'ann@example.com');
    await ended('keyed-0');
    const first = await shop.orders.ask(asked(order, 'ann@example.com'));
    const answer = { status: 202, location: '/api/orders/keyed-1', body: { orderId: 'keyed-1' } };
    await shop.orders.confirm('keyed-1', { owner: 'ann@example.com', key: 'ann@example.com-first', answer });
    expect(first).toMatchObject({ outcome: 'asked', orderId: 'keyed-1' });
    expect(await forgetOrder(deps(), 'keyed-1', BY, false)).toMatchObject({ done: true });

    expect(JSON.stringify(await sql(`SELECT * FROM idempotency_keys WHERE order_id = 'keyed-1'`))).not.toMatch(
      PERSONAL,
    );
    const again = { ...order, orderId: 'drawn-anew' };
    expect(await shop.orders.knowsKey({ owner: 'ann@example.com', key: 'ann@example.com-first' })).toBe(true);
    expect(await shop.orders.ask(asked(again, 'ann@example.com'))).toEqual({
      outcome: 'answered',
      orderId: 'keyed-1',
      answer,
    });
    expect(await shop.orders.get('drawn-anew')).toBeUndefined();
    const other = { ...again, items: [{ productId: '123', quantity: 3 }] };
    expect(await shop.orders.ask(asked(other, 'ann@example.com'))).toMatchObject({ outcome: 'otherRequest' });
    // The same key of another caller is another one.
    const bobs = { ...asked(again, 'bob'), key: { owner: 'bob', key: 'ann@example.com-first' } };
    expect(await shop.orders.ask(bobs)).toMatchObject({ outcome: 'asked', orderId: 'drawn-anew' });
  });
});

describe('a customer', () => {
  it('is forgotten in all orders but those that still run, and in those when it is repeated', async () => {
    const customerId = 'cleo@example.com';
    await ended('c-1', customerId);
    const policy = { approvalAbove: [{ amount: 1, currency: 'EUR' }], approvalTimeout: 600_000 };
    const waiting = await place('c-2', customerId, policy);
    await ended('c-3', customerId);
    const ofOther = await ended('c-4', 'dora');
    await eventually('the wait', 10_000, async () => (await shop.journal.reader.getSaga(waiting))?.waitingFor !== null);

    const dry = await all(customerId, true);
    expect(dry.map(({ orderId, done }) => [orderId, done])).toEqual([
      ['c-1', true],
      ['c-2', false],
      ['c-3', true],
    ]);
    expect(await shop.orders.get('c-1')).toMatchObject({ customerId });
    expect(await all(customerId, false)).toEqual(dry);
    expect(dry[1]?.why).toBe('PENDING: it still needs its data');
    expect((await shop.orders.ordersOf(customerId)).map(({ orderId }) => orderId)).toEqual(['c-2']);
    expect(await shop.orders.get('c-4')).toMatchObject({ customerId: 'dora', forgottenAt: null });
    expect(ofOther).toBe('order-c-4');

    await shop.handleOf(waiting).executeUpdate(approve, { args: [steering()] });
    expect(await shop.outcomeOf(waiting)).toMatchObject({ state: 'COMPLETED' });
    await eventually('the end in the journal', 10_000, async () => {
      return (await shop.journal.reader.getSaga(waiting))?.state === 'COMPLETED';
    });
    expect(await all(customerId, false)).toEqual([{ orderId: 'c-2', done: true, why: 'COMPLETED' }]);
    expect(await all(customerId, false)).toEqual([]);
  });

  it('with a thousand orders is forgotten page by page, and what was stopped goes on when it is repeated', async () => {
    await sql(
      `INSERT INTO orders (id, customer_id, items, payment_token, shipping_address, fingerprint, started_at)
       SELECT 'many-' || lpad(n::text, 4, '0'), 'many@example.com', '[]', 'pm_anns', '{}', 'print', now()
       FROM generate_series(1, 1000) n`,
    );
    const stopping = new AbortController();
    const some: Forgotten[] = [];
    const running = forgetCustomersOrders(deps(), 'many@example.com', BY, { dry: false, stop: stopping.signal });
    for await (const one of running) {
      some.push(one);
      stopping.abort();
    }
    expect(some).toHaveLength(200);
    expect(await all('many@example.com', false)).toHaveLength(800);
    expect(await sql(`SELECT 1 FROM orders WHERE customer_id = 'many@example.com'`)).toEqual([]);
    const [sum] = await sql<{ n: string }>(`SELECT sum(orders) AS n FROM forgettings WHERE owner_hash IS NOT NULL`);
    expect(Number(sum?.n)).toBeGreaterThanOrEqual(1000);
  });

  it('is forgotten with what is stored for the next order, and an order that is just being asked for is left', async () => {
    const customerId = 'eve@example.com';
    await sql(`INSERT INTO customers VALUES ($1, 'pm_anns', $2)`, [customerId, JSON.stringify(ADDRESS)]);
    const order = orderOf('asked-1', customerId);
    await shop.orders.ask({ order, fingerprint: fingerprintOf(order), named: true });
    expect(await all(customerId, false)).toEqual([{ orderId: 'asked-1', done: false, why: 'just being asked for' }]);
    await sql(`UPDATE orders SET asked_at = now() - interval '5 minutes' WHERE id = 'asked-1'`);
    expect(await all(customerId, false)).toEqual([{ orderId: 'asked-1', done: true, why: 'never started' }]);
    expect(await shop.orders.forgetCustomer(customerId, BY)).toBe(true);
    expect(await shop.orders.customer(customerId)).toBeUndefined();
    expect(await shop.orders.forgetCustomer(customerId, BY)).toBe(false);
  });
});
