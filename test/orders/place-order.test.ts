import { runApi, POLICY, type RunningApi } from '../api/running-api.js';
import type { TestEnv } from '../support/temporal.js';
import { createWarmServer } from '../api/warm-server.js';

const ORDER = {
  customerId: 'c-1',
  items: [{ productId: '123', quantity: 2 }],
  paymentMethod: 'pm_secret',
  shippingAddress: {
    name: 'Jane Roe',
    street: 'Elm Street 9',
    city: 'Graz',
    postalCode: 'A-8010-C4NARY',
    country: 'AT',
  },
};

let temporal: TestEnv;
let api: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client });
});

afterAll(async () => {
  await api?.close();
  await temporal?.close();
});

const describeSaga = (orderId: string) => temporal.client.workflow.getHandle(`order-${orderId}`).describe();

describe('POST /api/orders', () => {
  it("takes the README's order, fills in the demo customer and starts its saga with ids and policy only", async () => {
    const answer = await api.request('POST', '/api/orders', {
      headers: { 'Content-Type': 'application/json', 'x-correlation-id': 'corr-1' },
      body: '{"items":[{"productId":"123","quantity":2}]}',
    });
    expect(answer.status).toBe(202);
    const orderId = String(answer.body['orderId']);
    expect(answer.body).toEqual({
      orderId,
      sagaId: `order-${orderId}`,
      state: 'STARTED',
      links: {
        order: `/api/orders/${orderId}`,
        status: `/api/sagas/order-${orderId}/status`,
        events: `/api/sagas/order-${orderId}/events`,
        cancel: `/api/orders/${orderId}/cancel`,
      },
    });
    expect(answer.headers.get('location')).toBe(`/api/orders/${orderId}`);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await api.orders.get(orderId)).toMatchObject({
      customerId: 'demo-customer',
      paymentMethod: 'pm_demo',
      startedAt: expect.any(String),
    });

    const saga = await describeSaga(orderId);
    expect(saga).toMatchObject({
      type: 'orderFulfillment',
      taskQueue: 'order-fulfillment',
      memo: { correlationId: 'corr-1' },
    });
    expect(saga.searchAttributes['SagaState']).toEqual(['STARTED']);
    const history = await temporal.client.workflow.getHandle(saga.workflowId).fetchHistory();
    const input = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(input ?? []).toString())).toEqual({
      orderId,
      orderedAt: (await api.orders.get(orderId))?.createdAt,
      policy: POLICY,
    });
  });

  it('acknowledges the repeat of an order that it took before it could know that a product is unknown', async () => {
    const order = { orderId: 'taken-before', items: [{ productId: 'nosuch', quantity: 1 }] };
    api.inventory.mode = 'broken';
    expect((await api.post('/api/orders', order)).status).toBe(202);
    api.inventory.mode = 'known';
    // Its answer was lost, say: a 422 now would call an order refused that runs, and that may be told of its end by mail.
    expect((await api.post('/api/orders', order)).status).toBe(200);
    const other = { ...order, orderId: 'never-taken' };
    expect((await api.post('/api/orders', other)).body).toMatchObject({ code: 'UnknownProduct' });
    expect(await api.orders.get('never-taken')).toBeUndefined();
  });

  it('merges the lines of one product', async () => {
    const items = [
      { productId: '123', quantity: 1 },
      { productId: '456', quantity: 1 },
      { productId: '123', quantity: 4 },
    ];
    await api.post('/api/orders', { ...ORDER, orderId: 'merged', items });
    expect((await api.orders.get('merged'))?.items).toEqual([
      { productId: '123', quantity: 5 },
      { productId: '456', quantity: 1 },
    ]);
  });

  it('answers a repeat with the existing order, and another body under its id with 409', async () => {
    expect((await api.post('/api/orders', { ...ORDER, orderId: 'twice' })).status).toBe(202);
    const repeat = await api.post('/api/orders', { orderId: 'twice', ...ORDER });
    expect(repeat.status).toBe(200);
    expect(repeat.headers.get('location')).toBe('/api/orders/twice');
    expect(repeat.body).toMatchObject({ orderId: 'twice', state: 'STARTED', items: ORDER.items });

    const other = await api.post('/api/orders', { ...ORDER, orderId: 'twice', customerId: 'c-2' });
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({
      type: '/problems/OrderIdTaken',
      code: 'OrderIdTaken',
      orderId: 'twice',
      sagaId: 'order-twice',
    });
    expect(await api.orders.get('twice')).toMatchObject({ customerId: 'c-1' });
  });

  it('makes one saga of 20 parallel identical requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('/api/orders', { ...ORDER, orderId: 'parallel' })),
    );
    expect(answers.filter(({ status }) => status !== 202 && status !== 200)).toEqual([]);
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    const history = await temporal.client.workflow.getHandle('order-parallel').fetchHistory();
    expect(history.events?.filter(({ workflowExecutionStartedEventAttributes: at }) => at)).toHaveLength(1);
    expect((await api.rows()).filter((id) => id === 'parallel')).toHaveLength(1);
  });

  it('goes on with an order whose start was never confirmed, also when its saga has ended since', async () => {
    const unconfirmed = { ...ORDER, orderId: 'unconfirmed' };
    await api.post('/api/orders', unconfirmed);
    await forgetConfirmation('unconfirmed');
    expect((await api.request('GET', '/api/orders/unconfirmed')).status).toBe(404);
    await temporal.client.workflow.getHandle('order-unconfirmed').terminate('the test ends it');

    expect((await api.post('/api/orders', unconfirmed)).status).toBe(202);
    expect((await api.orders.get('unconfirmed'))?.startedAt).not.toBeNull();
    expect((await describeSaga('unconfirmed')).status.name).toBe('TERMINATED');
  });

  it('never logs what is personal (rule 33), and puts the correlation id into every line', async () => {
    const answer = await api.post('/api/orders', { ...ORDER, orderId: 'quiet' }, { 'x-correlation-id': 'corr-quiet' });
    expect(answer.headers.get('x-correlation-id')).toBe('corr-quiet');
    const lines = api.log.filter((line) => line['correlationId'] === 'corr-quiet');
    expect(lines.map((line) => line['msg'])).toEqual(['order placed', 'request completed']);
    expect(lines[1]).toMatchObject({ req: { method: 'POST', path: '/api/orders' }, res: { status: 202 } });
    expect(api.log.every((line) => typeof line['correlationId'] === 'string')).toBe(true);
    expect(JSON.stringify(api.log)).not.toMatch(/Jane|Elm Street|A-8010-C4NARY|pm_secret/);
  });
});

describe('GET /api/orders/{id}', () => {
  it('tells what was ordered and how it stands, and neither payment token nor address', async () => {
    await api.post('/api/orders', { ...ORDER, orderId: 'read' });
    const { status, body, text } = await api.request('GET', '/api/orders/read');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      orderId: 'read',
      sagaId: 'order-read',
      customerId: 'c-1',
      items: ORDER.items,
      state: 'STARTED',
      source: 'temporal',
    });
    expect(text).not.toMatch(/Jane|pm_secret/);
  });

  it.each(['nobody', 'order-read', 'a%00b', 'a'.repeat(65)])('does not find %s', async (orderId) => {
    const { status, body } = await api.request('GET', `/api/orders/${orderId}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'OrderNotFound' });
  });
});

async function forgetConfirmation(orderId: string): Promise<void> {
  await api.sql(`UPDATE orders SET started_at = NULL WHERE id = '${orderId}'`);
}
