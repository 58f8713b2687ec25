/** How far a sink is behind: for metrics. */
import { escapeIdentifier, type Pool } from 'pg';

export interface SinkLag {
  /** Confirmed events that were not delivered yet; counted up to MOST_COUNTED. */
  readonly events: number;
  /** Seconds since the oldest of them was stored; 0 where there is none. */
  readonly seconds: number;
  /** Sagas that wait behind an event that the sink rejects. */
  readonly blockedSagas: number;
}

/** More than this is just as bad, and would be slow to count. */
const MOST_COUNTED = 100_000;

interface Row {
  readonly events: string;
  readonly seconds: string;
  readonly blocked: string;
}

export async function readLag(pool: Pool, schemaName: string, sink: string): Promise<SinkLag> {
  const schema = escapeIdentifier(schemaName);
  const { rows } = await pool.query<Row>(
    `WITH cursor AS (
       SELECT coalesce(max(txid), '0'::xid8) AS txid, coalesce(max(position), 0) AS position
       FROM ${schema}.sink_cursors WHERE sink = $1
     ), waiting AS (
       SELECT e.stored_at FROM ${schema}.saga_events e, cursor c
       WHERE e.position IS NOT NULL AND (e.txid, e.position) > (c.txid, c.position)
       ORDER BY e.txid, e.position LIMIT ${MOST_COUNTED}
     )
     SELECT count(*) AS events,
       coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0) AS seconds,
       (SELECT count(*) FROM ${schema}.sink_blocks WHERE sink = $1) AS blocked
     FROM waiting`,
    [sink],
  );
  const [row] = rows;
  return { events: Number(row?.events), seconds: Number(row?.seconds), blockedSagas: Number(row?.blocked) };
}
