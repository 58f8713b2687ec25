/** What a shop's order page needs, and the lists and events behind it (A10, P6). */
import { readFileSync } from 'node:fs';
import { DEAR, items, openWorkingShop, sagaOf, type WorkingShop } from './working-shop.js';
import { eventually } from '../support/eventually.js';

let running: WorkingShop;
let { api, shop, client, statusOf, endOf, fulfil }: WorkingShop = Object.create(null);

beforeAll(async () => {
  running = await openWorkingShop();
  ({ api, shop, client, statusOf, endOf, fulfil } = running);
});

afterAll(() => running?.close());

const orderOf = async (orderId: string) => (await client.getOrder({ params: { orderId } })).body;

const idsOf = (body: { items: readonly { orderId: string }[] } | undefined): string[] =>
  (body?.items ?? []).map(({ orderId }) => orderId);

describe('an order', () => {
  it('that is completed shows its lines with prices, its total, its parcel and the shop’s own pairs (A10)', async () => {
    const metadata = { cart: 'c-17', channel: 'web' };
    const lines = [...items, { productId: 'pen', quantity: 1 }];
    await client.placeOrder({ body: { orderId: 'page', items: lines, metadata }, headers: { prefer: 'wait=20' } });
    expect((await orderOf('page'))?.items).toEqual(lines.map((line) => ({ ...line, unitPrice: null, total: null })));
    // What the activity keeps when the inventory has held the stock.
    await api.orders.keepPrices('page', { currency: 'EUR', units: { '123': 2100, pen: 0 } });
    await api.orders.keepPrices('page', { currency: 'EUR', units: { '123': 9999 } });
    const order = await orderOf('page');
    const euros = (amount: number) => ({ amount, currency: 'EUR' });
    expect(order).toMatchObject({
      items: [
        { productId: '123', quantity: 2, unitPrice: euros(2100), total: euros(4200) },
        { productId: 'pen', quantity: 1, unitPrice: euros(0), total: euros(0) },
      ],
      total: euros(4200),
      metadata,
      state: 'COMPLETED',
      reason: null,
      reasonText: null,
      shipment: { trackingNumber: 'T-1', status: 'booked' },
      refund: null,
      updatedAt: expect.any(String),
    });
    expect(order).not.toHaveProperty('cancellation');
  });

  it('that was cancelled shows who did it and why, its refund and its parcel (A10)', async () => {
    const hold = shop.hold('given-back');
    await client.placeOrder({ body: { orderId: 'given-back', items } });
    await hold.reached;
    const cancelled = await api.post('/api/orders/given-back/cancel', {
      reason: 'duplicate',
      comment: 'My sister had it.',
    });
    expect(cancelled.status).toBe(200);
    hold.release();
    await endOf('given-back');
    await eventually('the journal', 20_000, async () => (await statusOf('given-back'))?.source === 'readModel');
    const { steps = [] } = (await statusOf('given-back')) ?? {};
    const refundedAt = steps.find(({ name }) => name === 'process_payment')?.compensatedAt;
    expect(await orderOf('given-back')).toMatchObject({
      state: 'CANCELLED',
      reason: 'CancelRequested',
      reasonText: 'The order was cancelled on request.',
      cancellation: { by: 'customer', reason: 'duplicate', comment: 'My sister had it.', at: cancelled.body['at'] },
      refund: { amount: { amount: 4200, currency: 'EUR' }, status: 'refunded', refundedAt },
      shipment: null,
    });
  });

  it('that was declined has a sentence beside its code, and nothing to give back (A10)', async () => {
    shop.decline('no-money');
    await client.placeOrder({ body: { orderId: 'no-money', items } });
    await endOf('no-money');
    expect(await orderOf('no-money')).toMatchObject({
      state: 'FAILED',
      reason: 'PaymentDeclined',
      reasonText: 'The payment was declined.',
      refund: null,
      shipment: null,
    });
  });

  it('with other pairs is another order, with the same ones in another order it is the same (A10)', async () => {
    const order = { orderId: 'pairs', items };
    const place = (metadata?: object) => api.post('/api/orders', { ...order, ...(metadata && { metadata }) });
    expect((await place({ a: '1', b: '2' })).status).toBe(202);
    expect((await place({ b: '2', a: '1' })).status).toBe(200);
    for (const other of [{ a: '1' }, { a: '1', b: '3' }, undefined]) {
      const { status, body } = await place(other);
      expect([status, body['code']]).toEqual([409, 'OrderIdTaken']);
    }
  });

  it.each([
    ['21 pairs', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 'v']))],
    ['a key with a blank', { 'a b': 'v' }],
    ['a key of JavaScript', JSON.parse('{"__proto__": "v"}') as object],
    ['a key of 41 characters', { ['k'.repeat(41)]: 'v' }],
    ['a value of 501 characters', { k: 'v'.repeat(501) }],
    ['a value with a NUL', { k: 'a\u0000b' }],
    ['a value that is no text', { k: 1 }],
    ['no pairs but a list', ['a']],
  ])('with %s as metadata is refused (A10)', async (_what, metadata) => {
    const { status, body } = await api.post('/api/orders', { items, metadata });
    expect([status, body['code']]).toEqual([400, 'InvalidRequest']);
    expect(JSON.stringify(body['errors'])).toMatch(/metadata/);
  });

  it('never shows its metadata to Temporal or to the journal (A10)', async () => {
    await client.placeOrder({
      body: { orderId: 'secret', items, metadata: { note: 'for-aunt-mary' } },
      headers: { prefer: 'wait=20' },
    });
    const history = await running.temporal.client.workflow.getHandle(sagaOf('secret')).fetchHistory();
    const texts = (history.events ?? []).map((event) => JSON.stringify(event));
    const decoded = texts.map((text) =>
      text.replaceAll(/"data":"([^"]*)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString()),
    );
    const events = await running.eventsOf('secret');
    expect(`${decoded.join()}${JSON.stringify(events)}${JSON.stringify(api.log)}`).not.toMatch(/for-aunt-mary/);
    expect((await orderOf('secret'))?.metadata).toEqual({ note: 'for-aunt-mary' });
  });

  it('is answered in two shapes, one for 202 and one for 200, as the document says (A10)', async () => {
    const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;
    const { responses } = document.paths['/api/orders'].post;
    const shapes = (['200', '202'] as const).map((status) => responses[status].content['application/json'].schema.$ref);
    expect(shapes).toEqual(['#/components/schemas/Order', '#/components/schemas/OrderAccepted']);
    const accepted = await api.post('/api/orders', { orderId: 'shapes', items });
    await endOf('shapes');
    const known = await api.post('/api/orders', { orderId: 'shapes', items });
    for (const [{ status, body }, name] of [
      [accepted, 'OrderAccepted'],
      [known, 'Order'],
    ] as const) {
      expect([
        status,
        Object.keys(body).filter((key) => !(key in document.components.schemas[name].properties)),
      ]).toEqual([name === 'Order' ? 200 : 202, []]);
      expect(document.components.schemas[name].required.filter((key) => !(key in body))).toEqual([]);
    }
  });
});

interface Document {
  readonly paths: {
    readonly '/api/orders': {
      readonly post: {
        readonly responses: Record<'200' | '202', { content: { 'application/json': { schema: { $ref: string } } } }>;
      };
    };
  };
  readonly components: {
    readonly schemas: Record<'Order' | 'OrderAccepted', { properties: object; required: string[] }>;
  };
}

describe('the list of orders', () => {
  it('takes several states, given with commas or several times (A10)', async () => {
    await fulfil('state-1');
    shop.decline('state-2');
    await client.placeOrder({ body: { orderId: 'state-2', items } });
    await endOf('state-2');
    const { body } = await client.listOrders({ query: { state: ['FAILED', 'COMPLETED'], limit: 200 } });
    expect(idsOf(body)).toEqual(expect.arrayContaining(['state-1', 'state-2']));
    expect(new Set(body?.items.map(({ state }) => state))).toEqual(new Set(['FAILED', 'COMPLETED']));
    const times = (body?.items ?? []).map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().toReversed());
    const repeated = await api.request('GET', '/api/orders?state=FAILED&state=COMPLETED&limit=200');
    expect(idsOf(repeated.body as never)).toEqual(idsOf(body));
    for (const state of ['', 'FAILED,', 'DONE', 'FAILED,DONE']) {
      expect((await api.request('GET', `/api/orders?state=${state}`)).status).toBe(400);
    }
  });

  it('compares `from` and `to` with the creation of the order, with any other filter (P6)', async () => {
    await fulfil('since');
    const { createdAt = '' } = (await orderOf('since')) ?? {};
    const after = new Date(Date.parse(createdAt) + 1).toISOString();
    const filters = [{}, { state: ['COMPLETED'] }, { productId: '123' }, { customerId: 'demo-customer' }] as const;
    for (const filter of filters) {
      const { body: exactly } = await client.listOrders({ query: { ...filter, from: createdAt, to: after } });
      expect([filter, idsOf(exactly)]).toEqual([filter, ['since']]);
      const { body: before } = await client.listOrders({ query: { ...filter, to: createdAt, limit: 200 } });
      expect([filter, idsOf(before).includes('since')]).toEqual([filter, false]);
      const { body: later } = await client.listOrders({ query: { ...filter, from: after } });
      expect([filter, idsOf(later)]).toEqual([filter, []]);
    }
  });

  it('finds orders by product, also those of one customer (A10)', async () => {
    const other = [{ productId: 'rare', quantity: 1 }];
    await client.placeOrder({ body: { orderId: 'rare-1', items: other } });
    await client.placeOrder({ body: { orderId: 'rare-2', items: [...items, ...other] } });
    const { body } = await client.listOrders({ query: { productId: 'rare' } });
    expect(idsOf(body)).toEqual(['rare-2', 'rare-1']);
    const { body: own } = await client.listOrders({ query: { productId: 'rare', customerId: 'demo-customer' } });
    expect(idsOf(own)).toEqual(['rare-2', 'rare-1']);
    const { body: none } = await client.listOrders({ query: { productId: 'rare', customerId: 'somebody-else' } });
    expect(idsOf(none)).toEqual([]);
  });

  it('finds what waits for an approval, and no more once it is given (A10)', async () => {
    shop.price('dear', DEAR);
    await client.placeOrder({ body: { orderId: 'dear', items } });
    await eventually('the wait', 20_000, async () => (await statusOf('dear'))?.waitingFor != null);
    expect(idsOf((await client.listOrders({ query: { waitsForApproval: true } })).body)).toEqual(['dear']);
    expect((await api.post('/api/orders/dear/approve', { reason: 'known customer' })).status).toBe(200);
    await eventually('the end', 20_000, async () => (await statusOf('dear'))?.state === 'COMPLETED');
    expect(idsOf((await client.listOrders({ query: { waitsForApproval: true } })).body)).toEqual([]);
  });

  it('with `updatedFrom` tells what has changed since, oldest change first (A10)', async () => {
    await fulfil('changed-1');
    const { updatedAt: since = '' } = (await orderOf('changed-1')) ?? {};
    await fulfil('changed-2');
    await fulfil('changed-3');
    const { body } = await client.listOrders({ query: { updatedFrom: since, limit: 2 } });
    const { body: rest } = await client.listOrders({
      query: { updatedFrom: since, limit: 200, ...(body?.next && { cursor: body.next }) },
    });
    const seen = [...idsOf(body), ...idsOf(rest)].filter((id) => id.startsWith('changed-'));
    expect(seen).toEqual(['changed-1', 'changed-2', 'changed-3']);
    const { updatedAt: until = '' } = (await orderOf('changed-3')) ?? {};
    const { body: between } = await client.listOrders({ query: { updatedFrom: since, updatedTo: until } });
    expect(idsOf(between)).not.toContain('changed-3');
  });
});

describe('GET /api/events', () => {
  it("returns the events of all sagas, each once, and goes on after a reader's cursor (A10, rule 50)", async () => {
    await fulfil('heard-1');
    const seen: string[] = [];
    const read = async (cursor?: string): Promise<string> => {
      const { body } = await client.listEvents({ query: { limit: 7, ...(cursor !== undefined && { cursor }) } });
      seen.push(...body.items.map(({ id }) => id));
      expect(Math.abs(Date.parse(body.asOf) - Date.now())).toBeLessThan(60_000);
      return body.more ? await read(body.next) : body.next;
    };
    const place = await read();
    const before = seen.length;
    await fulfil('heard-2');
    await eventually('its end', 20_000, async () => {
      const { body } = await client.listEvents({ query: { cursor: place, limit: 200 } });
      return body.items.some(({ type, sagaId }) => type === 'OrderFulfillmentCompleted' && sagaId === 'order-heard-2');
    });
    await read(place);
    expect(new Set(seen).size).toBe(seen.length);
    const own = (await running.eventsOf('heard-2'))?.items.map(({ id }) => id) ?? [];
    expect(seen.slice(before).filter((id) => own.includes(id))).toEqual(own);
  });

  it('filters by type, and passes over others without an end (A10)', async () => {
    const { body } = await client.listEvents({ query: { type: ['OrderFulfillmentCompleted'], limit: 200 } });
    expect(new Set(body.items.map(({ type }) => type))).toEqual(new Set(['OrderFulfillmentCompleted']));
    const { body: after } = await client.listEvents({ query: { after: body.items.at(-1)?.position ?? 0 } });
    expect(after.items.map(({ id }) => id)).not.toContain(body.items.at(-1)?.id);
    for (const query of ['cursor=nonsense', 'type=', 'type=a%20b', 'after=-1', 'cursor=MS4yLjM', 'limit=0']) {
      expect([query, (await api.request('GET', `/api/events?${query}`)).status]).toEqual([query, 400]);
    }
  });
});
