/** An entry as a row of `saga_events`. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { entryName, type SagaEvent } from '../../saga/journal/events.js';
import type { SentEntry } from '../write/batch.js';
import type { StoredEvent } from '../read/reader.js';

/** A row of `saga_events`. */
export interface EventRow {
  readonly id: string;
  readonly saga_id: string;
  readonly branch: number;
  readonly seq: number;
  /** Null until nothing before it is missing; then the event is confirmed. */
  readonly position: string | null;
  readonly txid: string | null;
  readonly type: string;
  readonly data: StoredEvent['data'];
  readonly at: Date;
  readonly run_id: string;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly superseded_by: number | null;
  readonly stored_at: Date;
}

/** Every column that this release reads, by name: a later release may have added others. */
export const EVENT_COLUMNS =
  'id, saga_id, branch, seq, position, txid, type, data, at, run_id, correlation_id, causation_id, superseded_by, stored_at';

/** Of an event that readers may see. */
export type ConfirmedRow = EventRow & { readonly position: string; readonly txid: string };

export const eventOf = (row: ConfirmedRow): StoredEvent => ({
  id: row.id,
  sagaId: row.saga_id,
  branch: row.branch,
  seq: row.seq,
  position: Number(row.position),
  type: row.type,
  // Rows of earlier releases call every end SagaEnded.
  data: { ...row.data, type: row.type },
  at: row.at.toISOString(),
  runId: row.run_id,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  supersededBy: row.superseded_by,
});

/** An event in force, as it is read back. */
export interface EntryInForce extends SentEntry {
  readonly runId: string;
  readonly isConfirmed: boolean;
}

/**
 * The data as it is stored and published: its `type` is its name in the audit trail, `OrderFulfillmentCompleted` for
 * an end.
 */
export const dataOf = (event: SagaEvent, sagaType: string): StoredEvent['data'] => ({
  ...event,
  type: entryName(event, sagaType),
});

/**
 * The event again. Only an end has a `state`; rows of earlier releases have its `type` as the library names it,
 * `SagaEnded`.
 */
export const eventOfData = (data: StoredEvent['data']): SagaEvent =>
  ('state' in data ? { ...data, type: 'SagaEnded' } : data) as SagaEvent;

/** A constant of our own; it must never change. */
const NAMESPACE = Buffer.from('5f0c4c0e0d2b4b6f9a3e7d1c8b5a2f60', 'hex');

/** A version 5 UUID (RFC 9562): the same event has the same id for ever, by any writer. */
export function eventId(sagaId: string, branch: number, seq: number): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${sagaId}/${branch}/${seq}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

interface Stream {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly branch: number;
  readonly correlationId: string | null;
}

/**
 * The cause of an event is the event before it, and for an operator's decision the request. `branchOf` gives the
 * branch of the event before it, if that is another one.
 */
export function eventRow(
  { sagaId, sagaType, branch, correlationId }: Stream,
  { seq, at, event }: SentEntry,
  branchOf: (seq: number) => number = () => branch,
) {
  const before = seq > 1 ? eventId(sagaId, branchOf(seq - 1), seq - 1) : null;
  return {
    seq,
    id: eventId(sagaId, branch, seq),
    type: entryName(event, sagaType),
    data: dataOf(event, sagaType),
    at,
    correlation_id: correlationId,
    causation_id: event.type === 'SagaIntervened' ? event.requestId : before,
  };
}

export const sameEntry = (one: SentEntry, other: SentEntry): boolean =>
  one.seq === other.seq && one.at === other.at && isDeepStrictEqual(one.event, other.event);

/** The end of a saga counts as the same for any writer that stored it first: time and attempts are not compared. */
export function sameClosing(one: SentEntry, other: SentEntry): boolean {
  const blind = ({ event }: SentEntry): unknown => ({ ...event, attempts: 0 });
  return one.seq === other.seq && isDeepStrictEqual(blind(one), blind(other));
}
