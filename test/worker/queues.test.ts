import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { orderQueues } from '../../src/worker/queues.js';
import type { ServiceLimits } from '../../src/config/service-limits.js';

const activities = { processPayment: async () => 'paid', storeJournal: async () => undefined };

const queuesOf = (limits: ServiceLimits, interceptors: readonly ActivityInterceptorsFactory[] = []) => {
  const { shared, own, of } = orderQueues('q', activities, interceptors, limits);
  return { shared, own: own.map(of) };
};

describe('the queues of the orders', () => {
  it('are one queue with all activities, as long as no service has a rate or a queue of its own', () => {
    const { shared, own } = queuesOf({ payment: { concurrency: 5 } });
    expect(own).toEqual([]);
    expect(shared).toMatchObject({ taskQueue: 'q', activities });
  });

  it('have room for all slots of the services at once, and for the journal and calls that are turned away beside them', () => {
    const room = (limits: ServiceLimits): number => Number(queuesOf(limits).shared.maxConcurrentActivityTaskExecutions);
    expect(room({})).toBeGreaterThan(4 * 100 + 100);
    expect(room({ payment: { concurrency: 1_000 } }) - room({})).toBe(900);
  });

  it.each([
    ['a rate', { concurrency: 5, rate: 2 }, { maxTaskQueueActivitiesPerSecond: 2 }],
    ['a queue of its own', { concurrency: 5, queue: 'own' as const }, {}],
  ])('are two if a service has %s', (_what, limit, rate) => {
    const { shared, own } = queuesOf({ payment: limit });
    expect(own).toHaveLength(1);
    const [payment] = own;
    expect(payment).toMatchObject({ taskQueue: 'q-payment', maxConcurrentActivityTaskExecutions: 5, ...rate });
    expect(Object.keys(payment?.activities ?? {})).toEqual(['processPayment']);
    // Of orders from before the setting.
    expect(shared.activities).toBe(activities);
  });

  it('keep one set of slots for a service, and stand outside of all other interceptors, on either queue', () => {
    const inner: ActivityInterceptorsFactory = () => ({});
    const { shared, own } = queuesOf({ payment: { queue: 'own' } }, [inner]);
    expect(shared.interceptors?.activity).toHaveLength(2);
    expect(shared.interceptors?.activity?.at(-1)).toBe(inner);
    expect(own[0]?.interceptors).toBe(shared.interceptors);
  });
});
