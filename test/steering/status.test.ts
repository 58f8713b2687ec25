import { orderQueues } from '../../src/worker/queues.js';
import { workflowBundle, type TestEnv } from '../support/temporal.js';
import { createWarmServer } from '../api/warm-server.js';
import { runApi, type RunningApi } from '../api/running-api.js';
import { theShop, type Shop } from '../api/shop.js';

const items = [{ productId: '123', quantity: 2 }];

let temporal: TestEnv;
let api: RunningApi;
let shop: Shop;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client });
  shop = theShop();
});

afterAll(async () => {
  await api?.close();
  await temporal?.close();
});

async function working<T>(body: () => Promise<T>): Promise<T> {
  const { shared } = orderQueues('order-fulfillment', shop.activities);
  const workers = await temporal.startWorker({ ...shared, workflowBundle: await workflowBundle() });
  return body().finally(() => workers.stop());
}

const handle = (orderId: string) => temporal.client.workflow.getHandle(`order-${orderId}`);

const status = async (orderId: string) => (await api.request('GET', `/api/sagas/order-${orderId}/status`)).body;

const place = async (orderId: string): Promise<void> => {
  expect((await api.post('/api/orders', { orderId, items })).status).toBe(202);
};

describe('GET /api/sagas/{id}/status', () => {
  it('tells everything the saga records while a worker lives, and the verdict afterwards without one', async () => {
    await place('good');
    await working(async () => {
      await handle('good').result();
      const body = await status('good');
      expect(body).toMatchObject({
        sagaId: 'order-good',
        sagaType: 'OrderFulfillment',
        state: 'COMPLETED',
        source: 'workflow',
        temporalStatus: 'COMPLETED',
        blockedOn: null,
        steps: [
          { name: 'reserve_inventory', status: 'completed' },
          { name: 'process_payment', status: 'completed' },
          { name: 'create_shipment', status: 'completed' },
          { name: 'send_confirmation', status: 'completed' },
        ],
      });
      expect(Date.parse(String(body['asOf']))).toBeGreaterThan(Date.now() - 60_000);
    });
    expect(await status('good')).toMatchObject({
      state: 'COMPLETED',
      source: 'temporal',
      temporalStatus: 'COMPLETED',
      reason: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  it('tells why an order failed, without a worker (rule 30)', async () => {
    await place('declined');
    shop.decline('declined');
    await working(() => handle('declined').result());
    expect(await status('declined')).toMatchObject({ state: 'FAILED', reason: 'PaymentDeclined', source: 'temporal' });
    expect((await api.request('GET', '/api/orders/declined')).body).toMatchObject({
      state: 'FAILED',
      reason: 'PaymentDeclined',
    });
  });

  it('does not wait for a worker that is not there', async () => {
    await place('waiting');
    const begin = performance.now();
    expect(await status('waiting')).toMatchObject({ state: 'STARTED', source: 'temporal', temporalStatus: 'RUNNING' });
    expect(performance.now() - begin).toBeLessThan(2_500);
    await handle('waiting').terminate('the test ends it');
  });

  it('says that a terminated saga has stopped, even if the workflow would still answer', async () => {
    await place('killed');
    await handle('killed').terminate('the test ends it');
    await working(async () => {
      expect(await status('killed')).toMatchObject({
        state: 'STARTED',
        source: 'temporal',
        temporalStatus: 'TERMINATED',
      });
    });
  });

  it('knows an accepted order that Temporal has forgotten', async () => {
    await api.sql(
      `INSERT INTO orders SELECT 'forgotten', customer_id, items, payment_token, shipping_address, fingerprint, now(), now()
       FROM orders WHERE id = 'good'`,
    );
    expect(await status('forgotten')).toMatchObject({ source: 'orders', temporalStatus: 'NOT_FOUND' });
  });
});

describe('POST /api/orders/{id}/cancel', () => {
  const cancel = (orderId: string, reason = 'ordered_by_mistake') =>
    api.post(`/api/orders/${orderId}/cancel`, { reason });

  it('cancels a running order and says so, also when asked again (rule 24); another cancel is refused (rule 26)', async () => {
    await place('unwanted');
    const charge = shop.hold('unwanted');
    await working(async () => {
      try {
        await charge.reached;
        const accepted = await cancel('unwanted');
        expect(accepted.status).toBe(200);
        expect(accepted.body).toMatchObject({ orderId: 'unwanted', sagaId: 'order-unwanted', accepted: true });
        expect((await cancel('unwanted')).body).toEqual(accepted.body);
        const other = await cancel('unwanted', 'other');
        expect(other.status).toBe(409);
        expect(other.body).toMatchObject({ code: 'AlreadyUnwinding' });
      } finally {
        charge.release();
      }
      expect(await handle('unwanted').result()).toMatchObject({ state: 'CANCELLED' });
    });
    const late = await cancel('unwanted', 'too_late');
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ code: 'AlreadyEnded', state: 'CANCELLED' });
  });

  it('refuses to cancel what has been fulfilled', async () => {
    const { status: code, body } = await cancel('good');
    expect(code).toBe(409);
    expect(body).toMatchObject({ code: 'AlreadyFulfilled', state: 'COMPLETED', orderId: 'good' });
  });

  it('says 503 while nothing decides, and cancels nothing later unasked (rule 24)', async () => {
    await place('undecided');
    const { status: code, body, headers } = await cancel('undecided');
    expect(code).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ code: 'NotDecided', orderId: 'undecided' });
    await working(async () => {
      expect(await handle('undecided').result()).toMatchObject({ state: 'COMPLETED' });
    });
  });

  it('does not find what was never ordered, and asks for a reason', async () => {
    expect((await cancel('nobody')).body).toMatchObject({ code: 'OrderNotFound', status: 404 });
    const answer = await api.post('/api/orders/good/cancel', {});
    expect(answer.body).toMatchObject({
      code: 'InvalidRequest',
      errors: [{ field: 'reason', message: 'is required' }],
    });
  });
});
