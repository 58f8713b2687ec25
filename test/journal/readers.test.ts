import { randomUUID } from 'node:crypto';
import { sagaIdOf } from '../../src/order.js';
import { InvalidCursorError, type StoredEvent } from '../../src/journal/read/reader.js';
import { openReader } from '../../src/journal/read/open-reader.js';
import { eventually } from '../support/eventually.js';
import { batchOf, BLOCKED, CLOSING, entriesOf, HAPPY } from './entries.js';
import { openTestJournal, type TestJournal } from './open-journal.js';

let test: TestJournal;
beforeAll(async () => {
  test = await openTestJournal();
});
afterAll(() => test.close());

const happy = entriesOf(HAPPY);

async function order(customerId: string, started = true): Promise<string> {
  const orderId = randomUUID();
  const address = { name: 'A', street: 'S', city: 'C', postalCode: '1', country: 'AT' };
  const items = [{ productId: '123', quantity: 1 }];
  const asked = { orderId, customerId, items, paymentMethod: 'pm', shippingAddress: address };
  await test.orders.ask({ order: asked, fingerprint: 'print', named: true });
  if (started) await test.orders.confirm(orderId);
  return orderId;
}

const complete = (orderId: string) =>
  test.journal.append(batchOf(sagaIdOf(orderId), happy, { required: true, closing: CLOSING }));

describe('a started order', () => {
  it('without a journal row reads as STARTED, and one that is not accepted as nothing (rule 30)', async () => {
    const [started, asked] = [await order('ann'), await order('ann', false)];
    expect(await test.reader.getSaga(sagaIdOf(started))).toMatchObject({ state: 'STARTED', version: 0, branch: 0 });
    expect(await test.reader.getSaga(sagaIdOf(asked))).toBeUndefined();
    expect(await test.reader.getSaga('order-unknown')).toBeUndefined();
  });
});

describe('lists', () => {
  it('page through a customer’s orders, newest first, while others are written', async () => {
    const ids = [];
    for (let count = 0; count < 5; count++) ids.push(await order('bob'));
    await complete(ids[1] ?? '');
    await order('bob', false);
    const first = await test.reader.listOrders({ customerId: 'bob' }, { limit: 2 });
    await order('bob');
    await complete(ids[4] ?? '');
    const second = await test.reader.listOrders({ customerId: 'bob' }, { limit: 9, cursor: first.next ?? '' });
    const seen = [...first.items, ...second.items];
    expect(seen.map(({ orderId }) => orderId)).toEqual(ids.toReversed());
    expect(seen[3]).toMatchObject({ state: 'COMPLETED', sagaId: sagaIdOf(ids[1] ?? '') });
    expect(second.next).toBeNull();
  });

  it('find orders by state, with and without a journal row', async () => {
    const [blocked, started] = [await order('cid'), await order('cid')];
    await test.journal.append(batchOf(sagaIdOf(blocked), entriesOf(BLOCKED), { required: true }));
    const compensating = await test.reader.listOrders({ states: ['COMPENSATING'] }, { limit: 10 });
    expect(compensating.items.map(({ orderId, blockedOn }) => [orderId, blockedOn])).toEqual([
      [blocked, 'reserve_inventory'],
    ]);
    const of = await test.reader.listOrders({ states: ['STARTED'], customerId: 'cid' }, { limit: 10 });
    expect(of.items.map(({ orderId }) => orderId)).toEqual([started]);
    const sagas = await test.reader.listSagas(
      { blockedOn: 'reserve_inventory', type: 'OrderFulfillment' },
      { limit: 1 },
    );
    expect(sagas.items.map(({ sagaId }) => sagaId)).toEqual([sagaIdOf(blocked)]);
    expect(
      await test.reader.listSagas({ blockedOn: 'reserve_inventory', olderThan: 3650 * 86_400_000 }, { limit: 1 }),
    ).toEqual({
      items: [],
      next: null,
    });
  });

  it('page through sagas to the end', async () => {
    const all = await test.reader.listSagas({}, { limit: 100 });
    const seen = [];
    let cursor: string | undefined;
    do {
      const page = await test.reader.listSagas({}, { limit: 1, cursor });
      seen.push(...page.items.map(({ sagaId }) => sagaId));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(all.items.map(({ sagaId }) => sagaId));
    await expect(test.reader.listSagas({}, { limit: 1, cursor: 'nonsense' })).rejects.toBeInstanceOf(
      InvalidCursorError,
    );
  });
});

describe('a saga of another type', () => {
  const trip = async (sagaId: string) => {
    const sagaType = 'TripBooking';
    const events = HAPPY.map((event) => (event.type === 'SagaStarted' ? { ...event, sagaType, data: {} } : event));
    await test.journal.append(batchOf(sagaId, entriesOf(events), { sagaType, required: true, closing: CLOSING }));
  };

  it('is read by its id, and is no order, although an order has the same id', async () => {
    const orderId = await order('dora');
    await trip(orderId);
    expect(await test.reader.getSaga(orderId)).toMatchObject({ sagaId: orderId, state: 'COMPLETED' });
    expect(await test.reader.getSaga(sagaIdOf(orderId))).toMatchObject({ state: 'STARTED', version: 0 });
    for (const filter of [{ customerId: 'dora' }, { customerId: 'dora', updatedFrom: '2000-01-01T00:00:00Z' }]) {
      const { items } = await test.reader.listOrders(filter, { limit: 10 });
      expect(items.map(({ state }) => state)).toEqual('updatedFrom' in filter ? [] : ['STARTED']);
    }
    const completed = await test.reader.listOrders({ states: ['COMPLETED'] }, { limit: 100 });
    expect(completed.items.map((found) => found.orderId)).not.toContain(orderId);
  });

  it('that is in no table is not found, although an accepted order has that id', async () => {
    expect(await test.reader.getSaga(await order('dora'))).toBeUndefined();
  });
});

describe('a follower', () => {
  it('sees one saga’s events as they are confirmed, from its position on', async () => {
    const saga = `order-${randomUUID()}`;
    const stop = new AbortController();
    const seen: StoredEvent[] = [];
    await test.journal.append(batchOf(saga, happy.slice(0, 4)));
    const [, second] = await test.events(saga);
    const following = (async () => {
      for await (const event of test.reader.follow(saga, { after: second?.position, signal: stop.signal }))
        seen.push(event);
    })();
    await eventually('what is there', 5_000, () => seen.length === 2);
    await test.journal.append(batchOf(saga, happy.slice(4)));
    await eventually('what comes', 5_000, () => seen.length === 6);
    stop.abort();
    await following;
    expect(seen.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('sees the events of all sagas, each once, however their transactions end', async () => {
    const stop = new AbortController();
    const seen: StoredEvent[] = [];
    const following = (async () => {
      for await (const event of test.reader.follow(undefined, { signal: stop.signal })) seen.push(event);
    })();
    const sagas = Array.from({ length: 30 }, () => `order-${randomUUID()}`);
    const others = Array.from({ length: 3 }, () => test.another());
    await Promise.all(
      sagas.map(async (saga, index) => {
        const journal = others[index % 3];
        for (let from = 0; from < 8; from += 2) await journal?.append(batchOf(saga, happy.slice(from, from + 2)));
      }),
    );
    await eventually('all of them', 10_000, () => seen.filter(({ sagaId }) => sagas.includes(sagaId)).length >= 240);
    stop.abort();
    await following;
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    for (const saga of sagas) {
      expect(seen.filter(({ sagaId }) => sagaId === saga).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });
});

describe('a journal whose database is away', () => {
  it('says so', async () => {
    const reader = openReader({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', orders: test.orders });
    await expect(reader.getSaga('order-1')).rejects.toMatchObject({ name: 'JournalUnavailableError' });
    await expect(reader.listSagas({}, { limit: 1 })).rejects.toMatchObject({ name: 'JournalUnavailableError' });
    await reader.close();
  });
});
