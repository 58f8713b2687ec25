/** The lag of a sink, and the relay that feeds it, for metrics. It costs the same for any number of events. */
import { escapeIdentifier, type Pool } from 'pg';

export interface SinkLag {
  /** Confirmed events that were not delivered; counted up to 10,000. */
  readonly events: number;
  /** Seconds since the oldest of them was stored; 0 if there is none. */
  readonly seconds: number;
  /** Sagas that wait after an event that the sink rejects; counted up to 10,000. */
  readonly blockedSagas: number;
  /** The relay that holds the lease (`Relay.holder`); undefined if none does. */
  readonly holder: string | undefined;
  /** How often the lease has been taken. */
  readonly generation: number;
  /** Seconds since a relay delivered an event or found none to deliver; infinite if no relay ever has. */
  readonly idleSeconds: number;
}

/** A higher count would be slow, and would say nothing more. */
const MOST_COUNTED = 10_000;

interface Row {
  readonly events: string;
  readonly seconds: string;
  readonly blocked: string;
  readonly holder: string | null;
  readonly generation: string | null;
  readonly idle: string | null;
}

/** @throws the driver's error if the journal is away or does not answer in time */
export async function readLag(db: Pick<Pool, 'query'>, schemaName: string, sink: string): Promise<SinkLag> {
  const schema = escapeIdentifier(schemaName);
  // Two scalar subqueries, which are computed first, because a join with the cursor's row would read the whole index.
  const waiting = `FROM ${schema}.saga_events AS e
    WHERE e.position IS NOT NULL AND (e.txid, e.position) > (
      (SELECT coalesce(max(txid), '0'::xid8) FROM ${schema}.sink_cursors WHERE sink = $1),
      (SELECT coalesce(max(position), 0) FROM ${schema}.sink_cursors WHERE sink = $1)
    )
    ORDER BY e.txid, e.position`;
  const { rows } = await db.query<Row>(
    `SELECT
       (SELECT count(*) FROM (SELECT 1 ${waiting} LIMIT ${MOST_COUNTED}) AS counted) AS events,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - e.stored_at) ${waiting} LIMIT 1), 0) AS seconds,
       (SELECT count(*) FROM (SELECT 1 FROM ${schema}.sink_blocks WHERE sink = $1 LIMIT ${MOST_COUNTED}) AS counted) AS blocked,
       CASE WHEN c.lease_until > clock_timestamp() THEN c.holder END AS holder,
       c.generation, extract(epoch FROM clock_timestamp() - c.progressed_at) AS idle
     FROM (SELECT) AS one LEFT JOIN ${schema}.sink_cursors AS c ON c.sink = $1`,
    [sink],
  );
  const [row] = rows;
  return {
    events: Number(row?.events),
    seconds: Number(row?.seconds),
    blockedSagas: Number(row?.blocked),
    holder: row?.holder ?? undefined,
    generation: Number(row?.generation ?? 0),
    idleSeconds: row?.idle == null ? Infinity : Number(row.idle),
  };
}
