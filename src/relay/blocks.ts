/**
 * Rejections of a sink. The event's saga is blocked at that sink: its later events wait in the journal, while other
 * sagas go on. The event is tried again, and after its budget it becomes a dead letter, too. When that is resolved,
 * the saga goes on.
 */
import type { ClientBase } from 'pg';
import type { Cursor } from './sinks/cursor.js';
import type { Rejection } from './sinks/sink.js';

export interface Block {
  readonly sagaId: string;
  readonly eventId: string;
  readonly cursor: Cursor;
  readonly attempts: number;
  /** The resolution of its dead letter; null while there is none, or it is open. */
  readonly resolution: string | null;
}

export interface Budget {
  /** How often an event is tried before it becomes a dead letter. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; twice as long before each further one. */
  readonly pause: number;
  /** Milliseconds between later attempts. */
  readonly longestPause: number;
}

/** An operator has decided that the event is left out. */
export const isDropped = ({ resolution }: Block): boolean => resolution === 'dropped';

interface BlockRow {
  readonly saga_id: string;
  readonly event_id: string;
  readonly txid: string;
  readonly position: string;
  readonly attempts: number;
  readonly resolution: string | null;
}

/**
 * How many blocks are tried again between two deliveries, so that any number of blocks leaves time for the other
 * sagas.
 */
const AT_ONCE = 10;

/**
 * Blocks whose next attempt is due; an operator's decision makes it due (migration 0008). The query does not use
 * `clock_timestamp()`, because it may change within a statement and PostgreSQL would not search an index for it.
 */
export async function readDueBlocks(client: ClientBase, sink: string): Promise<Block[]> {
  const { rows } = await client.query<BlockRow>(
    `SELECT b.saga_id, b.event_id, b.txid::text, b.position::text, b.attempts, d.resolution
     FROM sink_blocks b
     LEFT JOIN dead_letters d ON d.kind = 'rejectedEvent' AND d.sink = b.sink AND d.event_id = b.event_id::text
     WHERE b.sink = $1 AND b.next_at <= statement_timestamp()
     ORDER BY b.next_at LIMIT ${AT_ONCE}`,
    [sink],
  );
  return rows.map((row) => ({
    sagaId: row.saga_id,
    eventId: row.event_id,
    cursor: { txid: row.txid, position: row.position },
    attempts: row.attempts,
    resolution: row.resolution,
  }));
}

/** The blocks of the sagas that wait at this sink. */
export async function readBlockedSagas(
  client: ClientBase,
  sink: string,
  sagaIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ saga_id: string }>(
    'SELECT saga_id FROM sink_blocks WHERE sink = $1 AND saga_id = ANY ($2)',
    [sink, sagaIds],
  );
  return new Set(rows.map(({ saga_id }) => saga_id));
}

const pauseAfter = (attempts: number, { pause, longestPause }: Budget): number =>
  Math.min(pause * 2 ** Math.min(attempts - 1, 30), longestPause);

/**
 * Counts an attempt before it is made: an attempt that breaks the connection or ends the process is not repeated at
 * once. A block that has used up its budget in this way is a dead letter like any other.
 */
export async function beginAttempt(
  client: ClientBase,
  sink: string,
  { sagaId, eventId, attempts }: Block,
  budget: Budget,
): Promise<void> {
  await client.query(
    `UPDATE sink_blocks SET attempts = $4, next_at = clock_timestamp() + $5 * interval '1 ms'
     WHERE sink = $1 AND saga_id = $2 AND event_id = $3`,
    [sink, sagaId, eventId, attempts + 1, pauseAfter(attempts + 1, budget)],
  );
  if (attempts >= budget.attempts) await openLetter(client, sink, sagaId);
}

/** Records the first rejection of an event, or one more of the same. */
export async function block(
  client: ClientBase,
  sink: string,
  { event, reason }: Rejection,
  { attempts, budget }: { readonly attempts: number; readonly budget: Budget },
): Promise<void> {
  const { sagaId, id, cursor } = event;
  await client.query(
    `INSERT INTO sink_blocks (sink, saga_id, event_id, txid, position, reason, attempts, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + $8 * interval '1 ms')
     ON CONFLICT (sink, saga_id) DO UPDATE SET
       first_at = CASE WHEN sink_blocks.event_id = excluded.event_id THEN sink_blocks.first_at ELSE excluded.first_at END,
       event_id = excluded.event_id, txid = excluded.txid, position = excluded.position, reason = excluded.reason,
       attempts = excluded.attempts, next_at = excluded.next_at`,
    [sink, sagaId, id, cursor.txid, cursor.position, storableReason(reason), attempts, pauseAfter(attempts, budget)],
  );
  if (attempts >= budget.attempts) await openLetter(client, sink, sagaId);
}

/** The server's own words, without null characters, because PostgreSQL stores none. */
const storableReason = (reason: string): string => reason.replaceAll('\0', '\uFFFD');

/** An event that was dropped or delivered once, and is rejected when it is delivered again, opens its letter again. */
async function openLetter(client: ClientBase, sink: string, sagaId: string): Promise<void> {
  await client.query(
    `INSERT INTO dead_letters (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts)
     SELECT 'rejectedEvent', saga_id, sink, event_id::text, reason, first_at, clock_timestamp(), attempts
     FROM sink_blocks WHERE sink = $1 AND saga_id = $2
     ON CONFLICT (sink, event_id) WHERE kind = 'rejectedEvent' DO UPDATE SET
       reason = excluded.reason, last_at = excluded.last_at, attempts = excluded.attempts,
       resolution = NULL, resolved_by = NULL, resolved_reason = NULL, resolved_at = NULL`,
    [sink, sagaId],
  );
}

/** Lets the saga go on. A dead letter that is still open is resolved by the delivery. */
export async function unblock(client: ClientBase, sink: string, { sagaId, eventId }: Block): Promise<void> {
  await client.query('DELETE FROM sink_blocks WHERE sink = $1 AND saga_id = $2', [sink, sagaId]);
  await client.query(
    `UPDATE dead_letters SET resolution = 'delivered', resolved_at = clock_timestamp()
     WHERE kind = 'rejectedEvent' AND sink = $1 AND event_id = $2 AND resolution IS NULL`,
    [sink, eventId],
  );
}
