/** Finding sagas, reading what happened, and following it. With a worker that keeps the journal. */
import { reviewUnconfirmedOrders } from '../../src/background/unconfirmed-orders.js';
import { followSaga } from '../../src/client/follow-saga.js';
import type { SagaEvent } from '../../src/client/operations.js';
import { items, openWorkingShop, type WorkingShop } from './working-shop.js';

let running: WorkingShop;
let { api, shop, client, statusOf, eventsOf, fulfil, block }: WorkingShop = Object.create(null);

beforeAll(async () => {
  running = await openWorkingShop();
  ({ api, shop, client, statusOf, eventsOf, fulfil, block } = running);
});

afterAll(() => running?.close());

describe('Prefer: wait', () => {
  it('answers with the outcome if it comes in time, and says so', async () => {
    const answer = await api.post('/api/orders', { orderId: 'waited', items }, { prefer: 'respond-async, wait=20' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ orderId: 'waited', state: 'COMPLETED' });
    expect(answer.headers.get('preference-applied')).toBe('wait=20');
  });

  it('answers 202 if it does not, and with the outcome under the same key afterwards', async () => {
    const charge = shop.hold('slow');
    const headers = { 'idempotency-key': 'slow' };
    const early = await api.post('/api/orders', { orderId: 'slow', items }, { ...headers, prefer: 'wait=1' });
    expect([early.status, early.headers.get('preference-applied')]).toEqual([202, 'wait=1']);
    await charge.reached;
    charge.release();
    const later = await api.post('/api/orders', { orderId: 'slow', items }, { ...headers, prefer: 'wait=20' });
    expect([later.status, later.body['state']]).toEqual([200, 'COMPLETED']);
    expect(later.headers.get('idempotency-replayed')).toBe('true');
  });

  it('waits at most 30 seconds, and not at all for what is no number', async () => {
    const answers = await Promise.all([
      api.post('/api/orders', { orderId: 'w-1', items }, { prefer: 'wait=999' }),
      api.post('/api/orders', { orderId: 'w-2', items }, { prefer: 'wait=soon' }),
    ]);
    expect(answers.map(({ headers }) => headers.get('preference-applied'))).toEqual(['wait=30', null]);
  });
});

describe('the status of a saga', () => {
  it('comes from the read model, with its age, and from the saga itself if the request asks for that', async () => {
    await fulfil('read');
    expect(await statusOf('read')).toMatchObject({ source: 'readModel', state: 'COMPLETED', asOf: expect.any(String) });
    const fresh = await client.getSagaStatus({ params: { sagaId: 'order-read' }, query: { fresh: true } });
    expect(fresh.body).toMatchObject({ source: 'workflow', state: 'COMPLETED' });
    const { asOf: _a, source: _s, temporalStatus: _e, ...told } = fresh.body ?? { asOf: '', source: '' };
    expect(await statusOf('read')).toMatchObject(told);
  });

  const seenAt = async (path: string, tag?: string) => {
    const answer = await api.request('GET', path, tag === undefined ? {} : { headers: { 'if-none-match': tag } });
    return { status: answer.status, text: answer.text, tag: answer.headers.get('etag') ?? '' };
  };

  it('(A6) has a strong ETag for each answer: no two that differ in a byte share one', async () => {
    await fulfil('tagged');
    const paths = ['/api/sagas/order-tagged/status', '/api/sagas/order-tagged/status?fresh=true', '/api/orders/tagged'];
    const bytes = new Map<string, string>();
    for (const path of [...paths, ...paths, '/api/orders', '/api/sagas', '/api/sagas/order-tagged/events']) {
      const { tag, text } = await seenAt(path);
      expect(tag).toMatch(/^"[^"]+"$/);
      expect(bytes.get(tag) ?? text).toBe(text);
      bytes.set(tag, text);
    }
    expect(new Set(bytes.values()).size).toBe(bytes.size);
  });

  it('(A6) is 304 while nothing is new, from any source, and the order is not taken for its saga', async () => {
    await fulfil('same');
    const [view, fresh, order] = [
      '/api/sagas/order-same/status',
      '/api/sagas/order-same/status?fresh=true',
      '/api/orders/same',
    ];
    const tags = await Promise.all([view, fresh, order].map(async (path) => (await seenAt(path)).tag));
    for (const path of [view, fresh]) {
      for (const tag of tags.slice(0, 2)) {
        expect(await seenAt(path, `"other", W/${tag}`)).toEqual({ status: 304, text: '', tag });
      }
      expect((await seenAt(path, tags[2])).status).toBe(200);
    }
    expect((await seenAt(order, tags[2])).status).toBe(304);
    expect((await seenAt(order, tags[0])).status).toBe(200);
    expect((await seenAt(view, '"other"')).status).toBe(200);
    expect((await seenAt(view, '*')).status).toBe(304);
  });
});

describe('a journal row', () => {
  it('counts as accepted, even if the confirmation was lost and Temporal does not know it', async () => {
    await fulfil('journaled');
    await api.sql(
      `INSERT INTO orders SELECT 'journaled-too', customer_id, items, payment_token, shipping_address, fingerprint
       FROM orders WHERE id = 'journaled'`,
    );
    await api.sql(
      `UPDATE orders SET started_at = NULL, asked_at = now() - interval '8 days' WHERE id LIKE 'journaled%'`,
    );
    expect((await api.request('GET', '/api/orders/journaled-too')).status).toBe(404);
    expect((await api.request('GET', '/api/orders/journaled')).body).toMatchObject({ state: 'COMPLETED' });
    await reviewUnconfirmedOrders(api.deps);
    expect((await api.orders.get('journaled'))?.startedAt).not.toBeNull();
    expect(await api.orders.get('journaled-too')).toBeUndefined();
  });
});

describe('lists', () => {
  it('page through orders, stable while new ones come, and by state', async () => {
    const ids = ['l-1', 'l-2', 'l-3', 'l-4', 'l-5'];
    for (const orderId of ids) await fulfil(orderId);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await client.listOrders({ query: { limit: 2, cursor, customerId: 'demo-customer' } });
      seen.push(...(body?.items ?? []).map(({ orderId }) => orderId));
      await client.placeOrder({ body: { orderId: `new-${seen.length}`, items } });
      cursor = body?.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids.toReversed());
    expect(seen.filter((id) => id.startsWith('new-'))).toEqual([]);
    const { body: failed } = await client.listOrders({ query: { state: ['FAILED'] } });
    expect(failed?.items.map(({ state }) => state).every((state) => state === 'FAILED')).toBe(true);
  });

  it('of orders know a time', async () => {
    await fulfil('timed');
    const { body } = await client.getOrder({ params: { orderId: 'timed' } });
    const createdAt = body?.createdAt ?? '';
    const after = new Date(Date.parse(createdAt) + 1).toISOString();
    const between = await client.listOrders({ query: { from: createdAt, to: after } });
    expect(between.body?.items.map(({ orderId }) => orderId)).toContain('timed');
    const earlier = await client.listOrders({ query: { to: createdAt } });
    expect(earlier.body?.items.map(({ orderId }) => orderId)).not.toContain('timed');
  });

  it('find the sagas that wait for an operator', async () => {
    await block('stuck');
    const { body } = await client.listSagas({ query: { blockedOn: 'reserve_inventory', state: 'COMPENSATING' } });
    expect(body?.items.map(({ sagaId }) => sagaId)).toContain('order-stuck');
    expect((await client.listSagas({ query: { blockedOn: 'create_shipment' } })).body?.items).toEqual([]);
    expect((await client.listSagas({ query: { olderThan: '1h' } })).body?.items).toEqual([]);
  });

  it.each([
    ['/api/orders?colour=red', 'colour'],
    ['/api/orders?limit=0', 'limit'],
    ['/api/orders?limit=1&limit=2', 'limit'],
    ['/api/orders?from=yesterday', 'from'],
    ['/api/orders?cursor=made-up', 'cursor'],
    ['/api/sagas?state=LOST', 'state'],
    ['/api/sagas?olderThan=long', 'olderThan'],
    ['/api/sagas/order-read/status?fresh=maybe', 'fresh'],
    ['/api/sagas/order-read/events?after=-1', 'after'],
    ['/api/sagas/order-read/stream?after=x', 'after'],
  ])('refuse %s, naming %s', async (path, field) => {
    const { status, body } = await api.request('GET', path);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'InvalidRequest', errors: [{ field }] });
  });
});

describe('the events of a saga', () => {
  it('are listed in order and in pages, with the correlation id of the request that caused them', async () => {
    await api.post('/api/orders', { orderId: 'told', items }, { prefer: 'wait=20', 'x-correlation-id': 'corr-told' });
    const all = await eventsOf('told');
    expect(all?.items.map(({ seq }) => seq)).toEqual(all?.items.map((_, index) => index + 1));
    expect(all?.items[0]).toMatchObject({ type: 'SagaStarted', correlationId: 'corr-told' });
    expect(all?.items.at(-1)).toMatchObject({ type: 'OrderFulfillmentCompleted' });
    const params = { sagaId: 'order-told' };
    const first = (await client.listSagaEvents({ params, query: { limit: 3 } })).body;
    const second = (await client.listSagaEvents({ params, query: { limit: 200, after: first?.next ?? 0 } })).body;
    expect([...(first?.items ?? []), ...(second?.items ?? [])]).toEqual(all?.items);
    expect(second?.next).toBeNull();
  });

  it('are streamed as they come, to the last one', async () => {
    const charge = shop.hold('live');
    await client.placeOrder({ body: { orderId: 'live', items } });
    const types: string[] = [];
    for await (const event of followSaga({ baseUrl: api.url }, 'order-live', { signal: AbortSignal.timeout(20_000) })) {
      types.push(event.type);
      if (types.length === 1) void charge.reached.then(() => charge.release());
    }
    expect(types).toEqual((await eventsOf('live'))?.items.map(({ type }) => type));
    expect(types.at(-1)).toBe('OrderFulfillmentCompleted');
  });

  it('go on after Last-Event-ID, and end (204) if the reader has every event', async () => {
    await fulfil('resumed');
    const all = (await eventsOf('resumed'))?.items ?? [];
    const after = all[2]?.position ?? 0;
    const rest: SagaEvent[] = [];
    const signal = AbortSignal.timeout(20_000);
    for await (const event of followSaga({ baseUrl: api.url }, 'order-resumed', { after, signal })) rest.push(event);
    expect(rest).toEqual(all.slice(3));
    const last = String(all.at(-1)?.position);
    const over = await api.request('GET', '/api/sagas/order-resumed/stream', { headers: { 'last-event-id': last } });
    expect(over.status).toBe(204);
  });

  it('are not there for what was never ordered', async () => {
    for (const what of ['events', 'stream', 'status']) {
      expect((await api.request('GET', `/api/sagas/order-nobody/${what}`)).status).toBe(404);
    }
  });
});
