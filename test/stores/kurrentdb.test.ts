import { FORWARDS, KurrentDBClient, START, StreamNotFoundError } from '@kurrent/kurrentdb-client';
import { kurrentSink } from '../../src/journal/sinks/kurrentdb.js';
import { kurrentServer } from '../support/stores/kurrentdb.js';
import type { StoreServer } from '../support/stores/server.js';
import { BULK, followsTheJournal } from './contract.js';
import type { WrittenJournal } from './written-journal.js';

async function withKurrent<T>({ url }: StoreServer, body: (client: KurrentDBClient) => Promise<T>): Promise<T> {
  const client = KurrentDBClient.connectionString(url);
  try {
    return await body(client);
  } finally {
    await client.dispose();
  }
}

/** The ids in a saga's stream, those of other people's events included. */
async function idsIn(client: KurrentDBClient, sagaId: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { event } of client.readStream(`saga-${sagaId}`, { direction: FORWARDS, fromRevision: START })) {
      if (event) ids.push(event.id);
    }
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return ids;
}

/** Each stream has the saga's events, once and in order. */
async function expectEqual(server: StoreServer, journal: WrittenJournal): Promise<void> {
  const expected = await journal.eventIds();
  await withKurrent(server, async (client) => {
    for (const [sagaId, ids] of expected) {
      const found = await idsIn(client, sagaId);
      expect(found.filter((id) => ids.includes(id))).toEqual(ids);
    }
  });
}

const LARGEST_APPEND = 1024 * 1024;
let largestAppend = LARGEST_APPEND;

async function restart(server: StoreServer): Promise<void> {
  await server.kill();
  await server.start();
}

describe('a stand-in that speaks the protocol of KurrentDB', () => {
  followsTheJournal({
    server: () => kurrentServer(() => largestAppend),
    sink: ({ url }) => kurrentSink(url),
    expectEqual,
    poison: async (server) => {
      largestAppend = BULK;
      await restart(server);
      return async () => {
        largestAppend = LARGEST_APPEND;
        await restart(server);
      };
    },
    progressOf: (server, sagaId) => withKurrent(server, async (client) => (await idsIn(client, sagaId)).length),
  });
});
