/** The lag of a sink beside a million events (K7, rule 52). */
import { readLag } from '../../src/relay/lag.js';
import { manyEvents, writtenJournal } from '../stores/written-journal.js';
import { countingPool } from './visited-rows.js';

it('is found in a million events with a look at as many as are counted, and at none of those delivered', async () => {
  const journal = await writtenJournal();
  await manyEvents(journal, 1_000_000);
  for (const [delivered, lag] of [
    [1_000_000, 0],
    [999_000, 1_000],
    [0, 10_000],
  ] as const) {
    await journal.pool.query(`DELETE FROM sink_cursors`);
    await journal.pool.query(
      `INSERT INTO sink_cursors (sink, txid, position) VALUES ('kafka', $1::int::text::xid8, $1::int)`,
      [delivered],
    );
    const { pool, rows } = countingPool(journal.pool);
    expect((await readLag(pool, journal.schema, 'kafka')).events).toBe(lag);
    expect(rows()).toBeLessThan(lag + 100);
  }
  await journal.close();
}, 240_000);
