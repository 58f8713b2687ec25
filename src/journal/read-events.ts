/** The audit stream as it is read: confirmed events only. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { readHorizon } from './horizon.js';
import type { StoredEvent } from './reader.js';

interface Row {
  readonly id: string;
  readonly saga_id: string;
  readonly branch: number;
  readonly seq: number;
  readonly position: string;
  readonly txid: string;
  readonly type: string;
  readonly data: StoredEvent['data'];
  readonly at: Date;
  readonly run_id: string;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly superseded_by: number | null;
}

export const EVENT_COLUMNS =
  'id, saga_id, branch, seq, position, txid, type, data, at, run_id, correlation_id, causation_id, superseded_by';

export const eventOf = (row: Row): StoredEvent => ({
  id: row.id,
  sagaId: row.saga_id,
  branch: row.branch,
  seq: row.seq,
  position: Number(row.position),
  type: row.type,
  // Rows of before call every end SagaEnded.
  data: { ...row.data, type: row.type },
  at: row.at.toISOString(),
  runId: row.run_id,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  supersededBy: row.superseded_by,
});

export async function getEvents(
  pool: Pool,
  schema: string,
  sagaId: string,
  { after = 0, limit, allBranches = false }: { after?: number | undefined; limit: number; allBranches?: boolean },
): Promise<StoredEvent[]> {
  const { rows } = await pool.query<Row>(
    `SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
     WHERE saga_id = $1 AND position > $2 ${allBranches ? '' : 'AND superseded_by IS NULL'}
     ORDER BY position LIMIT $3`,
    [sagaId, after, limit],
  );
  return rows.map(eventOf);
}

/** How often a follower looks for more while there is nothing new. */
const LOOK_EVERY_MS = 250;
const AT_A_TIME = 500;

/** One saga's events as they come. They are confirmed under a lock, so their positions become visible in order. */
export async function* followSaga(
  pool: Pool,
  schema: string,
  sagaId: string,
  { after = 0, signal }: { after?: number | undefined; signal: AbortSignal },
): AsyncGenerator<StoredEvent> {
  let position = after;
  while (!signal.aborted) {
    const events = await getEvents(pool, schema, sagaId, { after: position, limit: AT_A_TIME, allBranches: true });
    for (const event of events) {
      if (signal.aborted) return;
      yield event;
      position = event.position;
    }
    if (events.length < AT_A_TIME) await idle(signal);
  }
}

/**
 * All events as they come. Positions of different sagas are committed out of order: what may still be overtaken waits
 * until every older transaction that can write to the journal has ended (horizon.ts).
 */
export async function* followAll(
  pool: Pool,
  schema: string,
  { after = 0, signal }: { after?: number | undefined; signal: AbortSignal },
): AsyncGenerator<StoredEvent> {
  let [txid, position] = ['0', String(after)];
  if (after > 0) {
    const { rows } = await pool.query<{ txid: string }>(
      `SELECT txid FROM ${schema}.saga_events WHERE position <= $1 ORDER BY position DESC LIMIT 1`,
      [after],
    );
    txid = rows[0]?.txid ?? '0';
  }
  while (!signal.aborted) {
    const { below } = await readHorizon(pool);
    const { rows } = await pool.query<Row>(
      `SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
       WHERE position IS NOT NULL AND (txid, position) > ($1::xid8, $2::bigint) AND txid < $4::xid8
       ORDER BY txid, position LIMIT $3`,
      [txid, position, AT_A_TIME, below],
    );
    for (const row of rows) {
      if (signal.aborted) return;
      yield eventOf(row);
      [txid, position] = [row.txid, row.position];
    }
    if (rows.length < AT_A_TIME) await idle(signal);
  }
}

const idle = (signal: AbortSignal): Promise<unknown> =>
  pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
