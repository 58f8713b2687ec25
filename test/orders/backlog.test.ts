// On the dev server: the time-skipping one counts no backlog.
import { orderQueues } from '../../src/worker/queues.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { workflowBundle, type TestEnv } from '../support/temporal.js';
import { runApi, type RunningApi } from '../api/running-api.js';
import { theShop } from '../api/shop.js';

const items = [{ productId: '123', quantity: 2 }];
const LIMIT = 3;

let temporal: TestEnv;
let api: RunningApi;

beforeAll(async () => {
  temporal = await createDevServer();
  api = await runApi({ temporal: temporal.client, more: { backlogLimit: LIMIT } });
});

afterAll(async () => {
  await api?.close();
  await temporal?.close();
});

const place = (orderId: string) => api.post('/api/orders', { orderId, items });

describe('while more orders wait for a worker than the limit says', () => {
  it('the API takes no new ones, knows those that it took, and loses none of them', async () => {
    const taken: string[] = [];
    const refused = await eventually('the limit', 20_000, async () => {
      const orderId = `order${taken.length}`;
      const answer = await place(orderId);
      if (answer.status === 202) taken.push(orderId);
      return answer.status !== 202 && answer;
    });
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'Overloaded' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(taken.length).toBeGreaterThanOrEqual(LIMIT);
    expect((await api.rows()).toSorted()).toEqual(taken.toSorted());
    expect((await place('order0')).status).toBe(200);

    const { shared } = orderQueues('order-fulfillment', theShop().activities);
    const workers = await temporal.startWorker({ ...shared, workflowBundle: await workflowBundle() });
    try {
      const outcomes = await Promise.all(taken.map((id) => temporal.client.workflow.getHandle(`order-${id}`).result()));
      for (const outcome of outcomes) expect(outcome).toMatchObject({ state: 'COMPLETED' });
      await eventually('orders to be taken again', 20_000, async () => (await place('later')).status === 202);
    } finally {
      await workers.stop();
    }
  });
});
