/** A journal in a schema of its own, written as sagas write it, and read back to compare a sink with. */
import { escapeIdentifier, Pool } from 'pg';
import type { SentEntry } from '../../src/journal/write/batch.js';
import { openJournal } from '../../src/journal/write/journal.js';
import { recordOf, type SagaRow as StoredRow } from '../../src/journal/tables/saga-row.js';
import { compareCursors, START, type Cursor } from '../../src/relay/sinks/cursor.js';
import type { SinkRow } from '../../src/relay/sinks/sink.js';
import { databaseUrl, freshSchema } from '../support/database.js';

export interface WrittenJournal {
  readonly schema: string;
  readonly pool: Pool;
  /** Brings entries of a run; another run than the first is one that has come of a reset. */
  append(sagaId: string, entries: readonly SentEntry[], runId?: string): Promise<void>;
  rows(): Promise<SinkRow[]>;
  /** The ids of each saga's confirmed events, in order. */
  eventIds(): Promise<Map<string, string[]>>;
  cursorOf(sink: string): Promise<Cursor>;
  /** Whether the sink's cursor is at the last event. */
  isDelivered(sink: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function writtenJournal(): Promise<WrittenJournal> {
  const schema = freshSchema('relay');
  const journal = openJournal({ databaseUrl: databaseUrl(), schema, askRun: async () => ({ standing: 'reset' }) });
  await journal.prepare();
  const pool = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}`, max: 4 });

  async function cursorOf(sink: string): Promise<Cursor> {
    const { rows } = await pool.query<Cursor>('SELECT txid::text, position::text FROM sink_cursors WHERE sink = $1', [
      sink,
    ]);
    return rows[0] ?? START;
  }

  return {
    schema,
    pool,
    async append(sagaId, entries, runId = 'run') {
      const correlationId = `correlation-${sagaId}`;
      const batch = { sagaId, sagaType: 'OrderFulfillment', runId, correlationId, entries, required: true };
      const { kind } = await journal.append(batch);
      if (kind !== 'stored') throw new Error(`the entries of ${sagaId} were not stored`);
    },
    async rows() {
      const { rows } = await pool.query<StoredRow>('SELECT * FROM sagas ORDER BY saga_id');
      return rows.map((row) => ({ ...recordOf(row), branch: row.branch, version: row.version }));
    },
    async eventIds() {
      const { rows } = await pool.query<{ saga_id: string; id: string }>(
        'SELECT e.saga_id, e.id FROM saga_events e WHERE e.position IS NOT NULL ORDER BY e.txid, e.position',
      );
      const ids = new Map<string, string[]>();
      for (const { saga_id, id } of rows) ids.set(saga_id, [...(ids.get(saga_id) ?? []), id]);
      return ids;
    },
    cursorOf,
    async isDelivered(sink) {
      const { rows } = await pool.query<Cursor>(
        `SELECT e.txid::text, e.position::text FROM saga_events e WHERE e.position IS NOT NULL
         ORDER BY e.txid DESC, e.position DESC LIMIT 1`,
      );
      return rows[0] === undefined || compareCursors(await cursorOf(sink), rows[0]) === 0;
    },
    async close() {
      await journal.close();
      await pool.query(`DROP SCHEMA ${escapeIdentifier(schema)} CASCADE`);
      await pool.end();
    },
  };
}

/** Confirmed events of as many transactions, one each, with numbers and positions from 1 on. */
export async function manyEvents({ pool }: WrittenJournal, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id, stored_at)
     SELECT 'order-' || number, 0, 1, gen_random_uuid(), number, number::text::xid8, 'SagaStarted', '{}', now(), 'run',
       now() - interval '1 hour'
     FROM generate_series(1, $1::int) AS number`,
    [count],
  );
  await pool.query('ANALYZE saga_events');
}
