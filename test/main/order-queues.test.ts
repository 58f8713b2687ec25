import { orderQueues, type ServiceLimits } from '../../src/main/order-queues.js';

const activities = { processPayment: async () => 'paid', storeJournal: async () => undefined };

/** By queue: how many calls at once, and how many a second. */
function queues(limits: ServiceLimits): Record<string, unknown> {
  return Object.fromEntries(
    orderQueues('q', activities, [], limits).map((queue) => [
      queue.taskQueue,
      [queue.maxConcurrentActivityTaskExecutions, queue.maxTaskQueueActivitiesPerSecond],
    ]),
  );
}

describe('the queues of the orders', () => {
  it('share what a service may be asked at once between its queue and its lane', () => {
    expect(queues({ payment: { concurrency: 5 } })).toEqual({
      // 100 for what is no first attempt, and the lanes: 2 for payment, 50 for each other.
      q: [252, undefined],
      'q-inventory': [50, undefined],
      'q-payment': [3, undefined],
      'q-shipping': [50, undefined],
      'q-notification': [50, undefined],
    });
  });

  it('leave everything to the queue of a service whose rate the server keeps', () => {
    expect(queues({ payment: { concurrency: 5, rate: 2 } })).toMatchObject({
      q: [250, undefined],
      'q-payment': [5, 2],
    });
  });

  it('serve each call on the queue of its service, and all of them on that of the workflows', () => {
    const served = orderQueues('q', activities).map((queue) => [queue.taskQueue, Object.keys(queue.activities ?? {})]);
    expect(Object.fromEntries(served)).toEqual({
      q: ['processPayment', 'storeJournal'],
      'q-payment': ['processPayment'],
      'q-inventory': [],
      'q-shipping': [],
      'q-notification': [],
    });
  });
});
