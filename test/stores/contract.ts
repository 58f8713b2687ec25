/**
 * What every sink has to do, against a real server: one test for all of them. After each fault the sink ends equal to
 * what the journal says.
 */
import { startRelay, type Relay, type RelayPace } from '../../src/relay/relay.js';
import { START } from '../../src/relay/sinks/cursor.js';
import type { Sink } from '../../src/relay/sinks/sink.js';
import { eventually } from '../support/eventually.js';
import type { StoreServer } from '../support/stores/server.js';
import { completedOrder, undoneOrder } from './stories.js';
import { writtenJournal, type WrittenJournal } from './written-journal.js';

export interface SinkUnderTest {
  readonly server: () => Promise<StoreServer>;
  readonly sink: (server: StoreServer) => Sink;
  /** Fails unless the sink holds exactly what the journal says. */
  readonly expectEqual: (server: StoreServer, journal: WrittenJournal) => Promise<void>;
  /** Makes the server reject the first event of this saga, which is larger than BULK; what it answers cures that. */
  readonly poison: (server: StoreServer, sagaId: string) => Promise<() => Promise<void>>;
  /** How many events of a saga it has, or the version of its row. */
  readonly progressOf: (server: StoreServer, sagaId: string) => Promise<number>;
}

export const PACE: Partial<RelayPace> = {
  batch: 25,
  poll: 20,
  awayPause: 50,
  longestAwayPause: 200,
  answerWithin: 4_000,
  checkEvery: 500,
  budget: { attempts: 3, pause: 30, longestPause: 300 },
};

/** Longer than a broker in Java takes to come back on a busy machine. */
const WITHIN = 90_000;
const ORDERS = 200;
export const BULK = 30_000;

export function followsTheJournal(under: SinkUnderTest): void {
  let server: StoreServer;
  let journal: WrittenJournal;
  let relays: Relay[] = [];

  const relay = (pace: Partial<RelayPace> = {}): Relay => {
    const started = startRelay({
      databaseUrl: String(process.env['TEST_DATABASE_URL']),
      schema: journal.schema,
      sink: under.sink(server),
      pace: { ...PACE, ...pace },
    });
    relays.push(started);
    return started;
  };
  const delivered = (): Promise<true> =>
    eventually('everything to be delivered', WITHIN, () => journal.isDelivered(under.sink(server).name));

  beforeAll(async () => {
    server = await under.server();
    await server.start();
  }, 180_000);
  afterAll(async () => {
    await server?.close();
  });
  beforeEach(async () => {
    journal = await writtenJournal();
  });
  afterEach(async () => {
    server.thaw();
    await Promise.all(relays.map((each) => each.stop()));
    relays = [];
    await journal.close();
  }, 60_000);

  /** Each order's events in a few transactions, many orders at a time; `halfway` happens while they are written. */
  async function writeOrders(name: string, halfway?: () => Promise<void>): Promise<void> {
    let written = 0;
    let half: Promise<void> | undefined;
    const write = async (number: number): Promise<void> => {
      const story = (number % 3 === 0 ? undoneOrder : completedOrder)(`${name}-${number}`);
      for (let first = 0; first < story.length; first += 4) {
        await journal.append(`order-${name}-${number}`, story.slice(first, first + 4));
      }
      written += 1;
      if (written === ORDERS / 2) half = halfway?.();
    };
    const queue = Array.from({ length: ORDERS }, (_, number) => number);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await write(next);
      }),
    );
    await half;
  }

  it('ends equal to the journal after it was killed and started again in the middle of 200 orders', async () => {
    relay();
    await writeOrders('killed', async () => {
      await eventually(
        'the first deliveries',
        WITHIN,
        async () => (await journal.cursorOf(under.sink(server).name)).txid !== '0',
      );
      await server.kill();
      await server.start();
    });
    await delivered();
    await eventually('the sink to be equal', WITHIN, () => passes(under.expectEqual(server, journal)));
    await under.expectEqual(server, journal);
  }, 240_000);

  it('only waits while it is away, in any way, and then goes on from its cursor', async () => {
    const { begun, state } = relay();
    await begun;
    await journal.append('order-first', completedOrder('first').slice(0, 3));
    await delivered();
    await server.kill();
    await journal.append('order-first', completedOrder('first').slice(3));
    await journal.append('order-second', completedOrder('second'));
    await eventually('the relay to see that it is away', WITHIN, () => state() === 'away');
    const { rows } = await journal.pool.query('SELECT * FROM dead_letters');
    expect(rows).toEqual([]);
    await server.start();
    await delivered();
    server.freeze();
    await journal.append('order-third', completedOrder('third'));
    await eventually('the relay to see that it does not answer', WITHIN, () => state() === 'away');
    server.thaw();
    await delivered();
    await eventually('the sink to be equal', WITHIN, () => passes(under.expectEqual(server, journal)));
    expect((await journal.pool.query('SELECT * FROM sink_blocks')).rows).toEqual([]);
  }, 240_000);

  it('follows a saga whose workflow was reset onto its new way (SagaReset)', async () => {
    relay();
    await journal.append('order-reset', undoneOrder('reset').slice(0, 9));
    await delivered();
    await journal.append('order-reset', completedOrder('reset'), 'run after the reset');
    await delivered();
    await under.expectEqual(server, journal);
    const [row] = await journal.rows();
    expect(row).toMatchObject({ state: 'COMPLETED', branch: 1, version: 10 });
  }, 120_000);

  it('is not disturbed by what it has already', async () => {
    const first = relay();
    await journal.append('order-again', completedOrder('again'));
    await journal.append('order-other', undoneOrder('other').slice(0, 5));
    await delivered();
    await first.stop();
    await journal.pool.query('UPDATE sink_cursors SET txid = $1, position = $2', [START.txid, START.position]);
    relay();
    await journal.append('order-other', undoneOrder('other').slice(5));
    await delivered();
    await under.expectEqual(server, journal);
  }, 120_000);

  it('gets everything once and in order from two relays of which the working one is stopped', async () => {
    const first = relay();
    await first.begun;
    const second = relay();
    expect(await second.begun).toBe('waiting');
    await writeOrders('handed-over', async () => {
      await first.stop();
    });
    await delivered();
    expect(second.state()).toBe('delivering');
    await under.expectEqual(server, journal);
  }, 240_000);

  it('keeps only the saga waiting whose event it rejects, and after the budget says so', async () => {
    relay();
    const cure = await under.poison(server, 'order-poisoned');
    await journal.append('order-poisoned', completedOrder('poisoned', BULK).slice(0, 4));
    await eventually('the dead letter', WITHIN, async () => (await openLetters(journal)).length === 1);
    await journal.append('order-poisoned', completedOrder('poisoned', BULK).slice(4));
    await journal.append('order-healthy', completedOrder('healthy'));
    await eventually('the healthy saga', WITHIN, async () => (await under.progressOf(server, 'order-healthy')) === 10);
    const [letter] = await openLetters(journal);
    expect(letter).toMatchObject({ kind: 'rejectedEvent', saga_id: 'order-poisoned', sink: under.sink(server).name });
    expect(letter?.attempts).toBeGreaterThanOrEqual(3);
    await cure();
    await eventually('the saga to go on', WITHIN, async () => (await blocked(journal)).length === 0);
    expect((await openLetters(journal)).length).toBe(0);
    await delivered();
    await under.expectEqual(server, journal);
  }, 240_000);

  it('goes on behind an event that an operator has dropped', async () => {
    relay();
    const cure = await under.poison(server, 'order-dropped');
    await journal.append('order-dropped', completedOrder('dropped', BULK).slice(0, 4));
    await eventually('the dead letter', WITHIN, async () => (await openLetters(journal)).length === 1);
    const { length: before } = await blocked(journal);
    expect(before).toBe(1);
    // What `npx --no unwind dead-letters drop` writes.
    const drop = `UPDATE dead_letters SET resolution = 'dropped', resolved_by = 'ada', resolved_reason = 'known',
      resolved_at = clock_timestamp() WHERE resolution IS NULL`;
    await journal.pool.query(drop);
    const [letter] = (await journal.pool.query<{ event_id: string }>('SELECT event_id FROM dead_letters')).rows;
    const stillBlocked = (): Promise<boolean> =>
      blocked(journal).then((all) => all.some((each) => each === letter?.event_id));
    await eventually('the relay to leave it out', WITHIN, async () => !(await stillBlocked()));
    await cure();
    await journal.append('order-dropped', completedOrder('dropped', BULK).slice(4));
    await eventually('the saga to go on', WITHIN, async () => (await blocked(journal)).length === 0);
    await delivered();
    const ends = (await under.progressOf(server, 'order-dropped')) >= 9;
    expect(ends).toBe(true);
  }, 240_000);
}

interface Letter {
  readonly kind: string;
  readonly attempts: number;
}

const openLetters = async (journal: WrittenJournal): Promise<Letter[]> =>
  (await journal.pool.query<Letter>('SELECT * FROM dead_letters WHERE resolution IS NULL')).rows;

const blocked = async (journal: WrittenJournal): Promise<string[]> =>
  (await journal.pool.query<{ event_id: string }>('SELECT event_id FROM sink_blocks')).rows.map(
    ({ event_id }) => event_id,
  );

const passes = (expectation: Promise<void>): Promise<boolean> =>
  expectation.then(
    () => true,
    () => false,
  );
