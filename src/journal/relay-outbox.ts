/** The journal as an outbox: what is confirmed and not yet delivered, in an order in which nothing can be skipped. */
import type { ClientBase } from 'pg';
import { recordOf, SAGA_COLUMNS, type SagaRow as StoredRow } from './saga-row.js';
import { writeCursor, type Cursor } from './sinks/cursor.js';
import type { Delivery, RelayedEvent, SagaRow, Sink } from './sinks/sink.js';

interface EventRow {
  readonly id: string;
  readonly saga_id: string;
  readonly saga_type: string | null;
  readonly branch: number;
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly txid: string;
  readonly position: string;
}

const EVENTS = `
  SELECT e.id, e.saga_id, s.saga_type, e.branch, e.seq, e.type, e.data, e.at, e.correlation_id, e.causation_id,
    e.txid::text, e.position::text
  FROM saga_events e LEFT JOIN sagas s USING (saga_id)
  WHERE e.position IS NOT NULL`;

/**
 * Confirmed events behind the cursor. Positions are given before they are committed, so a lower one may still appear
 * after a higher one was read: only transactions below every running one are looked at, in their own order.
 */
export async function readEvents(client: ClientBase, after: Cursor, limit: number): Promise<RelayedEvent[]> {
  const { rows } = await client.query<EventRow>(
    `${EVENTS} AND e.txid < pg_snapshot_xmin(pg_current_snapshot()) AND (e.txid, e.position) > ($1::xid8, $2::bigint)
     ORDER BY e.txid, e.position LIMIT $3`,
    [after.txid, after.position, limit],
  );
  return rows.map(eventOf);
}

/**
 * Throws where the journal has transactions that this server has not had yet: it was restored from another server, and
 * what is newly confirmed would be taken for delivered, or would wait for ever.
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
  const { rows } = await client.query<EventRow>(
    `${EVENTS} AND e.saga_id = $1 AND (e.txid, e.position) >= ($2::xid8, $3::bigint)
       AND (e.txid, e.position) <= ($4::xid8, $5::bigint)
     ORDER BY e.txid, e.position`,
    [sagaId, from.txid, from.position, to.txid, to.position],
  );
  return rows.map(eventOf);
}

const eventOf = (row: EventRow): RelayedEvent => ({
  id: row.id,
  sagaId: row.saga_id,
  sagaType: row.saga_type ?? '',
  branch: row.branch,
  seq: row.seq,
  type: row.type,
  // Rows of before call every end SagaEnded.
  data: { ...row.data, type: row.type },
  at: row.at.toISOString(),
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  cursor: { txid: row.txid, position: row.position },
});

/** By saga, in the order of their first events; with their rows, which are read after the events and so are no older. */
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
  const rows = takes === 'rows' ? await readRows(client, [...bySaga.keys()]) : new Map<string, SagaRow>();
  return [...bySaga].map(([sagaId, its]) => ({ sagaId, events: its, row: rows.get(sagaId) }));
}

async function readRows(client: ClientBase, sagaIds: readonly string[]): Promise<Map<string, SagaRow>> {
  const { rows } = await client.query<StoredRow>(`SELECT ${SAGA_COLUMNS} FROM sagas WHERE saga_id = ANY ($1)`, [
    sagaIds,
  ]);
  return new Map(
    rows.map((row) => [row.saga_id, { ...recordOf(row), branch: row.branch, version: row.version }] as const),
  );
}

/** Where a sink stands; a new one begins with the first event. */
export async function readSinkCursor(client: ClientBase, sink: string): Promise<Cursor> {
  await client.query('INSERT INTO sink_cursors (sink) VALUES ($1) ON CONFLICT (sink) DO NOTHING', [sink]);
  const { rows } = await client.query<Cursor>('SELECT txid::text, position::text FROM sink_cursors WHERE sink = $1', [
    sink,
  ]);
  const [cursor] = rows;
  if (!cursor) throw new Error(`the cursor of ${sink} was deleted`);
  return cursor;
}

/** Throws where somebody else has moved it meanwhile: then whoever asks is not the one who delivers. */
export async function moveSinkCursor(client: ClientBase, sink: string, from: Cursor, to: Cursor): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE sink_cursors SET txid = $4, position = $5, updated_at = clock_timestamp()
     WHERE sink = $1 AND txid = $2 AND position = $3`,
    [sink, from.txid, from.position, to.txid, to.position],
  );
  if (rowCount !== 1) throw new CursorMovedError(`the cursor of ${sink} is no longer at ${writeCursor(from)}`);
}

/** Another relay feeds the sink, or an operator has put its cursor back. */
export class CursorMovedError extends Error {
  override readonly name = 'CursorMovedError';
}
