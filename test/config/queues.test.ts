import { loadConfig } from '../../src/config/config.js';

describe('the configuration', () => {
  it('tells each order which services have a queue of their own: those with a rate, and those that are said to', () => {
    const ownQueues = (env: NodeJS.ProcessEnv): unknown => loadConfig(env).policy.ownQueues;
    expect(ownQueues({})).toBeUndefined();
    expect(ownQueues({ PAYMENT_RATE: '50', SHIPPING_QUEUE: 'own' })).toEqual(['payment', 'shipping']);
    expect(ownQueues({ PAYMENT_QUEUE: 'shared', NOTIFICATION_QUEUE: 'own' })).toEqual(['notification']);
  });

  it('lets a worker serve some queues alone, but none into which no order puts its calls', () => {
    const { workerQueues } = loadConfig({
      PAYMENT_QUEUE: 'own',
      SHIPPING_RATE: '5',
      WORKER_QUEUES: 'shipping, payment',
    });
    expect(workerQueues).toEqual(['payment', 'shipping']);
    expect(loadConfig({ WORKER_QUEUES: 'orders' }).workerQueues).toEqual(['orders']);
    expect(loadConfig({}).workerQueues).toBeUndefined();
    expect(() => loadConfig({ INVENTORY_QUEUE: 'own', WORKER_QUEUES: 'inventory,payment' })).toThrow(
      'WORKER_QUEUES names payment, which has no queue of its own: set PAYMENT_QUEUE=own (or PAYMENT_RATE), for the API and all workers alike.',
    );
    for (const WORKER_QUEUES of ['payments', 'orders,orders', 'orders,']) {
      expect(() => loadConfig({ WORKER_QUEUES })).toThrow(/^WORKER_QUEUES .*one or more of orders, payment/);
    }
  });
});
