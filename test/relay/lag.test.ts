/** The lag of a sink (K7). */
import { Pool } from 'pg';
import { readLag } from '../../src/relay/lag.js';
import type { Relay } from '../../src/relay/relay.js';
import { sinkMetrics } from '../../src/relay/sink-metrics.js';
import { databaseUrl } from '../support/database.js';
import { manyEvents, writtenJournal, type WrittenJournal } from '../stores/written-journal.js';
import { recordingSink } from '../journal/recording-sink.js';
import { countingPool } from '../journal/visited-rows.js';

const EVENTS = 30_000;

let journal: WrittenJournal;

beforeAll(async () => {
  journal = await writtenJournal();
  await manyEvents(journal, EVENTS);
});
afterAll(async () => {
  await journal.close();
});

/** Puts the sink's cursor behind so many of the events. */
const standsBehind = (events: number): Promise<unknown> =>
  journal.pool.query(
    `INSERT INTO sink_cursors (sink, txid, position) VALUES ('kafka', $1::int::text::xid8, $1::int)
     ON CONFLICT (sink) DO UPDATE SET txid = excluded.txid, position = excluded.position`,
    [events],
  );

async function visitedAt(events: number) {
  await standsBehind(events);
  const { pool, rows } = countingPool(journal.pool);
  const { events: lag, seconds } = await readLag(pool, journal.schema, 'kafka');
  return { lag, seconds, visited: rows() };
}

describe('the lag of a sink (K7)', () => {
  it('is found without a look at what was delivered', async () => {
    expect(await visitedAt(EVENTS)).toMatchObject({ lag: 0, seconds: 0 });
    expect((await visitedAt(EVENTS)).visited).toBeLessThan(10);
    const late = await visitedAt(EVENTS - 7);
    expect(late.lag).toBe(7);
    expect(late.seconds).toBeGreaterThan(0);
    expect(late.visited).toBeLessThan(30);
  });

  it('is counted up to 10,000, with no more than that to read', async () => {
    const behind = await visitedAt(0);
    expect(behind.lag).toBe(10_000);
    expect(behind.visited).toBeLessThan(10_100);
  });

  it('is said to be unreadable while the journal does not answer, instead of vanishing', async () => {
    const relay = { sink: recordingSink(), leads: () => true, held: () => undefined, state: () => 'delivering' };
    const gone = new Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/nothing' });
    const text = await sinkMetrics({ pool: gone, schema: journal.schema, relays: [relay as unknown as Relay] });
    expect(text).toEqual(
      expect.arrayContaining([
        'unwind_sink_up{sink="kafka"} 0',
        'unwind_sink_lag_unreadable{sink="kafka"} 1',
        'unwind_sink_lag_events{sink="kafka"} NaN',
        'unwind_sink_lag_seconds{sink="kafka"} NaN',
        'unwind_sink_blocked_sagas{sink="kafka"} NaN',
      ]),
    );
    await gone.end();
  });

  it('is no reason to call a sink fed whose leader has done nothing for half a minute (K5)', async () => {
    const relay = { sink: recordingSink(), leads: () => false, held: () => undefined, state: () => 'waiting' };
    const up = async (seconds: number): Promise<string | undefined> => {
      await journal.pool.query(
        `UPDATE sink_cursors SET holder = 'host/1/a"b', lease_until = now() + interval '1 minute', generation = 3,
           progressed_at = now() - $1 * interval '1 second'`,
        [seconds],
      );
      const lines = await sinkMetrics({
        pool: journal.pool,
        schema: journal.schema,
        relays: [relay as unknown as Relay],
      });
      expect(lines).toContain('unwind_sink_lease{sink="kafka",relay="host/1/a\\"b"} 3');
      return lines.find((line) => line.startsWith('unwind_sink_up{'));
    };
    expect(await up(1)).toBe('unwind_sink_up{sink="kafka"} 1');
    expect(await up(60)).toBe('unwind_sink_up{sink="kafka"} 0');
    await journal.pool.query('UPDATE sink_cursors SET lease_until = now()');
    const pool = new Pool({ connectionString: databaseUrl() });
    const lines = await sinkMetrics({ pool, schema: journal.schema, relays: [relay as unknown as Relay] });
    await pool.end();
    expect(lines).toContain('unwind_sink_up{sink="kafka"} 0');
    expect(lines.some((line) => line.startsWith('unwind_sink_lease{'))).toBe(false);
  });
});
