import { FORWARDS, jsonEvent, KurrentDBClient, START, StreamNotFoundError } from '@kurrent/kurrentdb-client';
import { startRelay, type Relay } from '../../src/relay/relay.js';
import { kurrentSink } from '../../src/relay/sinks/kurrentdb.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { kurrentServer } from '../support/stores/kurrentdb.js';
import type { StoreServer } from '../support/stores/server.js';
import { BULK, followsTheJournal, PACE } from './contract.js';
import { completedOrder } from './stories.js';
import { writtenJournal, type WrittenJournal } from './written-journal.js';

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

describe('a stream that others append to as well', () => {
  let server: StoreServer;
  let journal: WrittenJournal;
  let relay: Relay;

  beforeAll(async () => {
    server = await kurrentServer(() => LARGEST_APPEND);
    await server.start();
    journal = await writtenJournal();
    relay = startRelay({
      databaseUrl: databaseUrl(),
      schema: journal.schema,
      sink: kurrentSink(server.url),
      pace: PACE,
    });
  });
  afterAll(async () => {
    await relay.stop();
    await journal.close();
    await server.close();
  });

  const foreign = (number: number) =>
    jsonEvent({ type: 'NoteAdded', data: { number }, metadata: { branch: 0, seq: number } });
  const delivered = (): Promise<true> => eventually('all of it', 60_000, () => journal.isDelivered('kurrentdb'));

  it('has every event once and in order between what the others have written', async () => {
    const story = completedOrder('shared');
    await withKurrent(server, async (client) => {
      await client.appendToStream('saga-order-shared', foreign(1));
      let number = 1;
      for (const entry of story) {
        const others = Array.from({ length: 20 }, () =>
          client.appendToStream('saga-order-shared', foreign((number += 1))),
        );
        await journal.append('order-shared', [entry]);
        await Promise.all(others);
        await delivered();
      }
      const ids = await idsIn(client, 'order-shared');
      expect(ids).toHaveLength(number + story.length);
    });
    await expectEqual(server, journal);
    expect((await journal.pool.query('SELECT * FROM dead_letters')).rows).toEqual([]);
  }, 120_000);

  it('that was deleted for good is a dead letter, and other streams go on', async () => {
    await withKurrent(server, (client) => client.tombstoneStream('saga-order-gone'));
    await journal.append('order-gone', completedOrder('gone'));
    await journal.append('order-there', completedOrder('there'));
    const letter = await eventually('the dead letter', 60_000, async () => {
      const { rows } = await journal.pool.query<{ saga_id: string; reason: string }>('SELECT * FROM dead_letters');
      return rows[0];
    });
    expect(letter).toMatchObject({ saga_id: 'order-gone', reason: 'StreamDeleted' });
    await delivered();
    expect(await withKurrent(server, (client) => idsIn(client, 'order-there'))).toHaveLength(10);
  }, 120_000);
});
