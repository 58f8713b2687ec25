import { createClient } from '@redis/client';
import { redisSink } from '../../src/journal/sinks/redis.js';
import { describeWith } from '../support/stores/missing.js';
import { redisServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';
import { followsTheJournal } from './contract.js';
import type { WrittenJournal } from './written-journal.js';

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
