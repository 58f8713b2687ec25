/** The journal as an outbox: confirmed events that are not delivered, in an order in which none can be skipped. */
import type { ClientBase } from 'pg';
import { readHorizon, type Holder } from '../journal/read/horizon.js';
import { lost, type Lease } from './lease.js';
import { EVENT_COLUMNS, eventOf, type ConfirmedRow } from '../journal/tables/event-row.js';
import { recordOf, SAGA_COLUMNS, type SagaRow } from '../journal/tables/saga-row.js';
import { writeCursor, type Cursor } from './sinks/cursor.js';
import type { Delivery, RelayedEvent, Sink, SinkRow } from './sinks/sink.js';

type Row = ConfirmedRow & { readonly saga_type: string | null };

const EVENTS = `
  SELECT ${EVENT_COLUMNS.replaceAll(/\w+/g, 'e.$&')}, s.saga_type
  FROM saga_events e LEFT JOIN sagas s USING (saga_id)
  WHERE e.position IS NOT NULL`;

export interface Readable {
  readonly events: readonly RelayedEvent[];
  /** If there are no events although some are waiting: the transaction that they wait for. */
  readonly holder: Holder | undefined;
}

/**
 * Confirmed events after the cursor, up to the horizon, so that none is skipped (horizon.ts). Events below every
 * running transaction of the server are read at once; only if there are none, the running transactions are looked at.
 */
export async function readEvents(client: ClientBase, after: Cursor, limit: number): Promise<Readable> {
  const { rows } = await client.query<Row>(
    `${EVENTS} AND e.txid < pg_snapshot_xmin(pg_current_snapshot()) AND (e.txid, e.position) > ($1::xid8, $2::bigint)
     ORDER BY e.txid, e.position LIMIT $3`,
    [after.txid, after.position, limit],
  );
  if (rows.length > 0) return { events: rows.map(relayedOf), holder: undefined };
  if (!(await isWaiting(client, after))) return { events: [], holder: undefined };
  const { below, holder } = await readHorizon(client);
  // A statement of its own, because it must see the commits of transactions that ended before the horizon was read.
  const { rows: readable } = await client.query<Row>(
    `${EVENTS} AND e.txid < $4::xid8 AND (e.txid, e.position) > ($1::xid8, $2::bigint)
     ORDER BY e.txid, e.position LIMIT $3`,
    [after.txid, after.position, limit, below],
  );
  return { events: readable.map(relayedOf), holder: readable.length === 0 ? holder : undefined };
}

async function isWaiting(client: ClientBase, after: Cursor): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM saga_events
     WHERE position IS NOT NULL AND (txid, position) > ($1::xid8, $2::bigint) ORDER BY txid, position LIMIT 1`,
    [after.txid, after.position],
  );
  return rowCount === 1;
}

/**
 * Throws if the journal has transactions that this server has not reached: it was restored from another server, and
 * newly confirmed events would count as delivered, or would wait for ever.
 */
export async function requireOwnTransactions(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ foreign: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM saga_events WHERE txid >= pg_snapshot_xmax(pg_current_snapshot()) AND position IS NOT NULL)
       OR EXISTS (SELECT 1 FROM sink_cursors WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())) AS foreign`,
  );
  if (rows[0]?.foreign) {
    throw new Error('the journal comes from another PostgreSQL server: docs/stores.md says what to do');
  }
}

/** One saga's events from one cursor to another, both included. */
export async function readSagaEvents(
  client: ClientBase,
  sagaId: string,
  { from, to }: { readonly from: Cursor; readonly to: Cursor },
): Promise<RelayedEvent[]> {
  const { rows } = await client.query<Row>(
    `${EVENTS} AND e.saga_id = $1 AND (e.txid, e.position) >= ($2::xid8, $3::bigint)
       AND (e.txid, e.position) <= ($4::xid8, $5::bigint)
     ORDER BY e.txid, e.position`,
    [sagaId, from.txid, from.position, to.txid, to.position],
  );
  return rows.map(relayedOf);
}

const relayedOf = (row: Row): RelayedEvent => ({
  ...eventOf(row),
  sagaType: row.saga_type ?? '',
  cursor: { txid: row.txid, position: row.position },
});

/**
 * By saga, in the order of their first events; with the sagas' rows, which are read after the events and so are not
 * older.
 */
export async function deliveriesOf(
  client: ClientBase,
  takes: Sink['takes'],
  events: readonly RelayedEvent[],
): Promise<Delivery[]> {
  const bySaga = new Map<string, RelayedEvent[]>();
  for (const event of events) {
    const its = bySaga.get(event.sagaId);
    if (its) its.push(event);
    else bySaga.set(event.sagaId, [event]);
  }
  const rows = takes === 'rows' ? await readRows(client, [...bySaga.keys()]) : new Map<string, SinkRow>();
  return [...bySaga].map(([sagaId, its]) => ({ sagaId, events: its, row: rows.get(sagaId) }));
}

async function readRows(client: ClientBase, sagaIds: readonly string[]): Promise<Map<string, SinkRow>> {
  const { rows } = await client.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM sagas WHERE saga_id = ANY ($1)`, [sagaIds]);
  return new Map(
    rows.map((row) => [row.saga_id, { ...recordOf(row), branch: row.branch, version: row.version }] as const),
  );
}

/** The cursor of a sink. Its row exists since the lease was taken. */
export async function readSinkCursor(client: ClientBase, sink: string): Promise<Cursor> {
  const { rows } = await client.query<Cursor>('SELECT txid::text, position::text FROM sink_cursors WHERE sink = $1', [
    sink,
  ]);
  const [cursor] = rows;
  if (!cursor) throw new Error(`the cursor of ${sink} was deleted`);
  return cursor;
}

/**
 * Moves the cursor, in one statement with the check that the lease is still ours.
 *
 * @throws LeaseLostError if another relay has taken over, CursorMovedError if an operator has put the cursor back
 */
export async function moveSinkCursor(
  client: ClientBase,
  { sink, generation }: Lease,
  from: Cursor,
  to: Cursor,
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE sink_cursors SET txid = $5, position = $6, updated_at = clock_timestamp()
     WHERE sink = $1 AND generation = $2 AND txid = $3 AND position = $4`,
    [sink, generation, from.txid, from.position, to.txid, to.position],
  );
  if (rowCount === 1) return;
  const { rows } = await client.query<{ generation: string }>(
    'SELECT generation::text FROM sink_cursors WHERE sink = $1',
    [sink],
  );
  if (rows[0] && rows[0].generation !== generation) throw lost(sink);
  throw new CursorMovedError(`the cursor of ${sink} is no longer at ${writeCursor(from)}`);
}

/** An operator has put the cursor back. */
export class CursorMovedError extends Error {
  override readonly name = 'CursorMovedError';
}
