import { Client, escapeIdentifier } from 'pg';
import { startRelay, type Relay, type RelayPace } from '../../src/relay/relay.js';
import type { RelayedEvent } from '../../src/relay/sinks/sink.js';
import { linkTo } from '../orders/breakable-link.js';
import { completedOrder } from '../stores/stories.js';
import { writtenJournal, type WrittenJournal } from '../stores/written-journal.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { recordingSink, type RecordingSink } from '../journal/recording-sink.js';

const WITHIN = 30_000;
const PACE: Partial<RelayPace> = {
  batch: 7,
  poll: 10,
  awayPause: 20,
  longestAwayPause: 50,
  answerWithin: 2_000,
  checkEvery: 100,
};

let journal: WrittenJournal;
let relays: Relay[] = [];

beforeEach(async () => {
  journal = await writtenJournal();
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await journal.close();
});

function relayTo(sink: RecordingSink, url = databaseUrl()): Relay {
  const relay = startRelay({ databaseUrl: url, schema: journal.schema, sink, pace: PACE });
  relays.push(relay);
  return relay;
}

const delivered = (): Promise<true> => eventually('all of it', WITHIN, () => journal.isDelivered('kafka'));

/** What is there first of each event is every event, in order. */
async function expectAllInOrder(sink: RecordingSink): Promise<void> {
  for (const [sagaId, ids] of await journal.eventIds()) expect([...new Set(sink.idsOf(sagaId))]).toEqual(ids);
}

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl() });
  await client.connect();
  await client.query(`SET search_path = ${escapeIdentifier(journal.schema)}`);
  return client;
}

describe('the relay', () => {
  it('skips nothing if a lower position is committed after a higher one', async () => {
    const sink = recordingSink();
    relayTo(sink);
    const slow = await connected();
    await journal.append('order-slow', completedOrder('slow').slice(0, 1));
    await delivered();
    // A transaction that has its number and its positions, and takes its time to commit.
    await slow.query('BEGIN');
    await slow.query(
      `INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
       VALUES ('order-slow', 0, 2, gen_random_uuid(), nextval('positions'), pg_current_xact_id(), 'SagaStepStarted', '{}', now(), 'run')`,
    );
    for (const name of ['a', 'b', 'c']) await journal.append(`order-${name}`, completedOrder(name));
    // It has begun more queries since than one look takes.
    const begun = new Set<string>();
    const { rows: now } = await journal.pool.query<{ at: string }>('SELECT clock_timestamp()::text AS at');
    await eventually('the relay to have looked', WITHIN, async () => {
      const { rows } = await journal.pool.query<{ start: string }>(
        `SELECT query_start::text AS start FROM pg_stat_activity
         WHERE application_name = 'unwind-relay' AND datname = current_database() AND query_start > $1`,
        [now[0]?.at],
      );
      for (const { start } of rows) begun.add(start);
      return begun.size >= 8;
    });
    const early = sink.idsOf('order-a');
    await slow.query('COMMIT');
    await slow.end();
    // What is behind the open transaction waits for it.
    expect(early).toEqual([]);
    await delivered();
    expect(sink.idsOf('order-slow')).toHaveLength(2);
    await expectAllInOrder(sink);
    expect(sink.events).toHaveLength(32);
  });

  it('delivers everything once, in order, while many write at once', async () => {
    const sink = recordingSink();
    relayTo(sink);
    const orders = Array.from({ length: 60 }, (_, number) => `order-many-${number}`);
    await Promise.all(
      orders.map(async (sagaId) => {
        const story = completedOrder(sagaId.slice('order-'.length));
        for (let first = 0; first < story.length; first += 3)
          await journal.append(sagaId, story.slice(first, first + 3));
      }),
    );
    await delivered();
    await expectAllInOrder(sink);
    expect(sink.events).toHaveLength(600);
  });

  it('is one of several, however often the working one loses its connection', async () => {
    const store: RelayedEvent[] = [];
    const sinks = [1, 2, 3].map(() => recordingSink(store));
    // Long enough that a connection is lost in the middle of a delivery, too.
    for (const sink of sinks) sink.before = () => new Promise((resolve) => setImmediate(resolve));
    for (const sink of sinks) relayTo(sink);
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(
        Array.from({ length: 5 }, (_, number) => `${round}-${number}`).map((name) =>
          journal.append(`order-${name}`, completedOrder(name)),
        ),
      );
      // By turns the one that renews its lease, and all by which they read and move the cursor.
      await journal.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()`,
        [round % 2 === 0 ? 'unwind-relay-lease' : 'unwind-relay'],
      );
    }
    await delivered();
    await expectAllInOrder(recordingSink(store));
  });

  it('waits while the journal is away, and goes on', async () => {
    const { hostname, port, pathname, username, password } = new URL(databaseUrl());
    const link = await linkTo(hostname, Number(port));
    const user = password === '' ? username : `${username}:${password}`;
    const sink = recordingSink();
    const relay = relayTo(sink, `postgres://${user}@${link.address}${pathname}`);
    await relay.begun;
    await journal.append('order-before', completedOrder('before'));
    await delivered();
    await link.cut();
    await journal.append('order-meanwhile', completedOrder('meanwhile'));
    await eventually('the relay to notice', WITHIN, () => relay.state() === 'away');
    await link.mend();
    await delivered();
    await expectAllInOrder(sink);
    await relay.stop();
    await link.close();
  });

  it('reports that the journal was restored from another server, instead of waiting for ever', async () => {
    await journal.append('order-restored', completedOrder('restored'));
    await journal.pool.query(`UPDATE saga_events SET txid = '9000000000000'`);
    const relay = relayTo(recordingSink());
    expect(await relay.begun).toBe('away');
    // What docs/stores.md says.
    await journal.pool.query(`UPDATE saga_events SET txid = '1' WHERE txid IS NOT NULL`);
    await journal.pool.query(`UPDATE sink_cursors SET txid = '0', position = 0`);
    await delivered();
  });

  it('delivers everything again after an operator has put the cursor back', async () => {
    const sink = recordingSink();
    const relay = relayTo(sink);
    await journal.append('order-again', completedOrder('again'));
    await delivered();
    await journal.pool.query(`UPDATE sink_cursors SET txid = '0', position = 0 WHERE sink = 'kafka'`);
    await eventually('the repeats', WITHIN, () => sink.events.length === 20);
    await expectAllInOrder(sink);
    expect(relay.state()).toBe('delivering');
  });

  it('keeps only the saga waiting whose delivery always fails, for any answer of the sink (rule 41)', async () => {
    const sink = recordingSink();
    let poisoned = true;
    sink.before = async (deliveries) => {
      if (poisoned && deliveries.some(({ sagaId }) => sagaId === 'order-poison')) throw new RangeError('too odd');
    };
    const relay = startRelay({
      databaseUrl: databaseUrl(),
      schema: journal.schema,
      sink,
      pace: { ...PACE, batch: 200, budget: { attempts: 2, pause: 10, longestPause: 50 } },
    });
    relays.push(relay);
    // Alone it cannot be told from a sink that is away.
    await journal.append('order-poison', completedOrder('poison'));
    await eventually('the relay to wait', WITHIN, () => relay.state() === 'away');
    expect((await journal.pool.query('SELECT * FROM sink_blocks')).rows).toEqual([]);
    for (const name of ['a', 'b']) await journal.append(`order-${name}`, completedOrder(name));
    const others = eventually('the others', WITHIN, () => sink.idsOf('order-b').length >= 10);
    expect(await others.catch(String)).toBe(true);
    await delivered();
    const letter = await eventually('the dead letter', WITHIN, async () => {
      const { rows } = await journal.pool.query('SELECT saga_id, reason FROM dead_letters WHERE resolution IS NULL');
      return rows[0] as object | undefined;
    });
    expect(letter).toEqual({ saga_id: 'order-poison', reason: 'the delivery fails: RangeError' });
    await journal.append('order-c', completedOrder('c'));
    await eventually('one that comes later', WITHIN, () => sink.idsOf('order-c').length >= 10);
    expect(sink.idsOf('order-poison')).toEqual([]);
    poisoned = false;
    await eventually('the saga to go on', WITHIN, () => sink.idsOf('order-poison').length >= 10);
    await eventually('no block', WITHIN, async () => {
      return (await journal.pool.query('SELECT 1 FROM sink_blocks')).rowCount === 0;
    });
    await expectAllInOrder(sink);
  });

  it('stops soon although the sink does not answer', async () => {
    const sink = recordingSink();
    let asked = false;
    sink.before = () => {
      asked = true;
      return new Promise(() => undefined);
    };
    const relay = startRelay({
      databaseUrl: databaseUrl(),
      schema: journal.schema,
      sink,
      pace: { ...PACE, answerWithin: 60_000 },
    });
    await journal.append('order-hangs', completedOrder('hangs'));
    await eventually('the delivery', WITHIN, () => asked);
    const begin = performance.now();
    await relay.stop();
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
