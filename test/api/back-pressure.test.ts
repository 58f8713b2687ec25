// On the dev server: time passes as on the clock, and several services answer at once.
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';

const ALWAYS = 1_000_000;
const ORDERS = 500;
const ATTEMPT_MS = 15_000;
/** Calls under way at once, of each service: as few as must be occupied before somebody would have to wait. */
const AT_ONCE = 4;
/** Of the parcels. */
const PER_SECOND = 5;

const open = (limits: Parameters<typeof openShop>[0] = {}): Promise<Shop> =>
  openShop({ openServer: createDevServer, ...limits });

async function placeMany(shop: Shop, count: number): Promise<string[]> {
  const placed: string[] = [];
  const lane = async (): Promise<void> => {
    while (placed.length < count) {
      const at = placed.push('') - 1;
      placed[at] = await shop.place({}, { attemptTimeout: ATTEMPT_MS });
    }
  };
  await Promise.all(Array.from({ length: 10 }, lane));
  return placed;
}

/** How many effects of a collection are live. */
async function live(shop: Shop, service: 'payment' | 'shipping', collection: string): Promise<number> {
  let count = 0;
  for (let cursor = ''; ;) {
    const page = (await shop.ledgerOf(service, `${collection}?effect=applied&limit=500${cursor}`)) as {
      items: unknown[];
      nextCursor: string | null;
    };
    count += page.items.length;
    if (page.nextCursor === null) return count;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

const allCompleted = async (shop: Shop, sagaIds: readonly string[]): Promise<void> => {
  const outcomes = await Promise.all(sagaIds.map((sagaId) => shop.outcomeOf(sagaId)));
  expect(outcomes.filter(({ state }) => state !== 'COMPLETED')).toEqual([]);
};

/** Counts what the workers are given, calls that are turned away included. */
function countTasks() {
  const timesOf = new Map<string, number>();
  const interceptor: ActivityInterceptorsFactory = ({ info }) => {
    if (info.activityType === 'createShipment') {
      const sagaId = info.workflowExecution?.workflowId ?? '';
      timesOf.set(sagaId, (timesOf.get(sagaId) ?? 0) + 1);
    }
    return {};
  };
  return { timesOf, interceptor };
}

/**
 * How often an activity can be given to a worker in this time: each pause is at least half of its longest. A call that hangs
 * grows its own pauses, and is cut off first.
 */
function mostTasks(milliseconds: number): number {
  let tasks = 1;
  for (let passed = 250; passed <= milliseconds; tasks++) passed += Math.min(30_000, 250 * 2 ** tasks);
  return tasks + Math.ceil(milliseconds / ATTEMPT_MS);
}

/** By this often every pause but one is longer than ten seconds. */
const TIMES = 8;

/**
 * Places orders while shipping is as armed, and lets them wait: the other services go on. Then shipping answers, and
 * all orders complete. What the waiting has cost is printed.
 */
async function letThemWait(orders: number, fault: object): Promise<void> {
  const limit = { concurrency: AT_ONCE };
  const { timesOf, interceptor } = countTasks();
  const limits = { inventory: limit, payment: limit, notification: limit, shipping: limit };
  const shop = await open({ limits, interceptors: [interceptor] });
  try {
    await shop.play(async () => {
      await shop.arm('shipping', { ...fault, times: ALWAYS });
      const begun = performance.now();
      const sagaIds = await placeMany(shop, orders);
      await eventually('all payments', 200_000, async () => (await live(shop, 'payment', 'payments')) === orders);
      const waiting = performance.now();
      const [cpuBefore, tasksBefore] = [process.cpuUsage(), sum(timesOf)];
      await eventually('half of the orders to wait long', 200_000, () => {
        const times = [...timesOf.values()].toSorted((one, other) => one - other);
        return (times[orders / 2] ?? 0) >= TIMES && sum(timesOf) > tasksBefore + orders;
      });
      const minutes = (performance.now() - waiting) / 60_000;
      const { user, system } = process.cpuUsage(cpuBefore);
      const tasks = sum(timesOf) - tasksBefore;
      expect(await live(shop, 'shipping', 'shipments')).toBe(0);
      expect(Math.max(...timesOf.values())).toBeLessThanOrEqual(mostTasks(performance.now() - begun));
      process.stdout.write(
        `${orders} orders wait for a service that hangs: ${(tasks / orders / minutes).toFixed(2)} activity tasks ` +
          `per order and minute in their first ${minutes.toFixed(1)} minutes, ` +
          `${((user + system) / 1_000 / tasks).toFixed(1)} ms of the processor each (worker and services)\n`,
      );
      await shop.disarm();
      await allCompleted(shop, sagaIds);
    });
  } finally {
    await shop.close();
  }
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((all, one) => all + one, 0);

describe('a service that does not answer', () => {
  it(
    'holds up no other: 500 orders are reserved and paid while every parcel hangs, and end once it answers',
    () => letThemWait(ORDERS, { mode: 'delay', delayMs: 3_600_000 }),
    500_000,
  );
});

describe('a service with a rate', () => {
  it('is called no more often, however many orders wait for it', async () => {
    const shop = await open({ limits: { shipping: { rate: PER_SECOND } } });
    try {
      await shop.play(async () => {
        const started = performance.now();
        const sagaIds = await placeMany(shop, 30);
        await allCompleted(shop, sagaIds);
        // The server lets a second's worth pass at once.
        expect((performance.now() - started) / 1000).toBeGreaterThan((sagaIds.length - 2 * PER_SECOND) / PER_SECOND);
      });
    } finally {
      await shop.close();
    }
  }, 120_000);
});

describe('an order', () => {
  it("makes its calls from the workflow's queue, and from a service's own if its policy names it", async () => {
    const shop = await open({ limits: { payment: { queue: 'own' } } });
    try {
      await shop.play(async () => {
        const queuesOf = async (sagaId: string): Promise<(string | null | undefined)[]> => {
          expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
          const { events } = await shop.handleOf(sagaId).fetchHistory();
          const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: each }) => each ?? []);
          return scheduled.map(({ taskQueue }) => taskQueue?.name);
        };
        const all = shop.taskQueue;
        expect(await queuesOf(await shop.place())).toEqual([all, `${all}-payment`, all, all]);
        // Placed before the setting.
        expect(await queuesOf(await shop.place({}, { ownQueues: [] }))).toEqual([all, all, all, all]);
      });
    } finally {
      await shop.close();
    }
  }, 60_000);
});
