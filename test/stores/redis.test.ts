import { createClient } from '@redis/client';
import { startRelay, type Relay } from '../../src/relay/relay.js';
import { redisSink } from '../../src/relay/sinks/redis.js';
import type { RelayedEvent } from '../../src/relay/sinks/sink.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/stores/missing.js';
import { redisServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';
import { followsTheJournal, PACE } from './contract.js';
import { completedOrder } from './stories.js';
import { writtenJournal, type WrittenJournal } from './written-journal.js';

async function withRedis<T>(
  { url }: StoreServer,
  body: (client: Awaited<ReturnType<ReturnType<typeof createClient>['connect']>>) => Promise<T>,
): Promise<T> {
  const client = await createClient({ url }).connect();
  try {
    return await body(client as never);
  } finally {
    client.destroy();
  }
}

/** Each hash has what the row says, and nothing else. */
async function expectEqual(server: StoreServer, journal: WrittenJournal): Promise<void> {
  const rows = await journal.rows();
  await withRedis(server, async (client) => {
    for (const row of rows) {
      const hash = await client.hGetAll(`saga:${row.sagaId}`);
      const { data, waivers, deadLetters, ...plain } = hash;
      expect(plain).toEqual({
        sagaId: row.sagaId,
        sagaType: row.sagaType,
        state: row.state,
        version: String(row.version),
        branch: String(row.branch),
        createdAt: row.createdAt,
        updatedAt: row.updatedAt,
        ...(row.reason !== null && { reason: row.reason }),
        ...(row.currentStep !== null && { currentStep: row.currentStep }),
        ...Object.fromEntries(row.steps.map(({ name, status }) => [`step:${name}`, status])),
      });
      expect([data, waivers, deadLetters].map((text) => JSON.parse(text ?? '') as unknown)).toEqual([
        row.data,
        row.waivers,
        row.deadLetters,
      ]);
    }
  });
}

describeWith('TEST_REDIS', 'a real Redis', () => {
  followsTheJournal({
    server: () => redisServer(),
    sink: ({ url }) => redisSink(url),
    expectEqual,
    // Somebody has put something else under the saga's key.
    poison: async (server, sagaId) => {
      await withRedis(server, (client) => client.set(`saga:${sagaId}`, 'not a hash'));
      return async () => {
        await withRedis(server, (client) => client.del(`saga:${sagaId}`));
      };
    },
    progressOf: (server, sagaId) =>
      withRedis(server, async (client) => Number((await client.hGet(`saga:${sagaId}`, 'version')) ?? 0)),
  });
});

describeWith('TEST_REDIS', 'a Redis that keeps nothing on its disk', () => {
  let server: StoreServer;
  let journal: WrittenJournal;
  let relay: Relay;

  beforeAll(async () => {
    server = await redisServer({ append: false });
    await server.start();
    journal = await writtenJournal();
    relay = startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink: redisSink(server.url), pace: PACE });
    for (const name of ['a', 'b', 'c']) await journal.append(`order-${name}`, completedOrder(name));
  });
  afterAll(async () => {
    await relay.stop();
    await journal.close();
    await server.close();
  });

  const isEqual = (): Promise<true> =>
    eventually('Redis to be equal', 60_000, () =>
      expectEqual(server, journal).then(
        () => true,
        () => false,
      ),
    );

  it('is filled again after it was killed and has forgotten everything', async () => {
    await isEqual();
    await server.kill();
    await server.start();
    await journal.append('order-d', completedOrder('d'));
    await isEqual();
  });

  it('is filled again after it was emptied, although nothing new is to be delivered', async () => {
    await isEqual();
    await withRedis(server, (client) => client.flushAll());
    await isEqual();
    expect((await journal.pool.query('SELECT * FROM sink_blocks')).rows).toEqual([]);
  });

  it('keeps the newer row when a late delivery brings an older one, and no field of the older', async () => {
    await isEqual();
    const [row] = (await journal.rows()).filter(({ sagaId }) => sagaId === 'order-a');
    if (!row) throw new Error('no row');
    const session = await redisSink(server.url).connect();
    const event = { sagaId: 'order-a' } as RelayedEvent;
    const late = { ...row, version: row.version - 1, state: 'PENDING' as const, blockedOn: 'process_payment' };
    expect(await session.deliver([{ sagaId: 'order-a', events: [event], row: late }])).toEqual([]);
    await expectEqual(server, journal);
    await session.close();
  });
});
