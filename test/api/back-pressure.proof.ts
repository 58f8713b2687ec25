// On the dev server: time passes as on the clock, and several services answer at once.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';

const ALWAYS = 1_000_000;
const ORDERS = 500;
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
      placed[at] = await shop.place({}, { attemptTimeout: 15_000 });
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

describe('a service that answers nobody', () => {
  it('holds up no other: 500 orders are reserved and paid while every parcel hangs, and end once it answers', async () => {
    const limit = { concurrency: AT_ONCE };
    const shop = await open({ limits: { inventory: limit, payment: limit, shipping: limit, notification: limit } });
    try {
      await shop.play(async () => {
        await shop.arm('shipping', { mode: 'delay', delayMs: 3_600_000, times: ALWAYS });
        const sagaIds = await placeMany(shop, ORDERS);
        await eventually('all payments', 200_000, async () => (await live(shop, 'payment', 'payments')) === ORDERS);
        expect(await live(shop, 'shipping', 'shipments')).toBe(0);
        await shop.disarm();
        await allCompleted(shop, sagaIds);
      });
    } finally {
      await shop.close();
    }
  }, 300_000);
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
  it('makes its calls from a queue for each service, and from its own where its policy has them attempted first', async () => {
    const shop = await open();
    try {
      await shop.play(async () => {
        const queuesOf = async (sagaId: string): Promise<(string | null | undefined)[]> => {
          expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
          const { events } = await shop.handleOf(sagaId).fetchHistory();
          const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: each }) => each ?? []);
          return scheduled.map(({ taskQueue }) => taskQueue?.name);
        };
        const services = ['inventory', 'payment', 'shipping', 'notification'];
        const apart = services.map((service) => `${shop.taskQueue}-${service}`);
        expect(await queuesOf(await shop.place({}, { eager: [] }))).toEqual(apart);
        expect(await queuesOf(await shop.place({}, { eager: ['inventory'] }))).toEqual([
          shop.taskQueue,
          ...apart.slice(1),
        ]);
        expect(await queuesOf(await shop.place())).toEqual(services.map(() => shop.taskQueue));
      });
    } finally {
      await shop.close();
    }
  }, 60_000);

  it('goes on to the queue of a service that has no room for first attempts', async () => {
    const shop = await open({ limits: { payment: { concurrency: 1 } } });
    try {
      await shop.play(async () => {
        const sagaId = await shop.place();
        expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
        // What was turned away was no attempt.
        expect((await shop.recordOf(sagaId)).steps.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
      });
    } finally {
      await shop.close();
    }
  }, 60_000);
});
