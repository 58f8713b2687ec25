/** The slow way into the journal: one transaction that reads everything that is stored of a saga. */
import type { PoolClient } from 'pg';
import { applyEntry, blankRecord } from '../../saga/journal/fold.js';
import type { SagaRecord } from '../../saga/record.js';
import type { Batch, SentEntry } from './batch.js';
import { eventId, eventOfData, eventRow, type EventRow, type EntryInForce } from '../tables/event-row.js';
import { concernsLetters, lettersOf } from '../dead-letters/from-events.js';
import { storeLetters, upsertLetters } from '../dead-letters/rows.js';
import { merge, type Plan, type RunStanding } from './merge.js';
import { headOf, rowOf, SAGA_COLUMNS, type Head, type SagaRow } from '../tables/saga-row.js';
import type { SagaReset } from '../read/reader.js';

export interface LockedAppend {
  readonly plan: Plan;
  readonly head: Head | undefined;
}

/** Appends in a transaction of its own; `standing` is Temporal's answer about the batch's run, if it was asked. */
export async function appendWithLock(
  client: PoolClient,
  schema: string,
  batch: Batch,
  standing?: RunStanding,
): Promise<LockedAppend> {
  await client.query('BEGIN');
  const { changes, ...result } = await appendWithin(client, schema, batch, standing);
  await client.query(changes ? 'COMMIT' : 'ROLLBACK');
  return result;
}

/** The same within a transaction of the caller's. */
export async function appendWithin(
  client: PoolClient,
  schema: string,
  batch: Batch,
  standing?: RunStanding,
): Promise<LockedAppend & { readonly changes: boolean }> {
  // Before any statement that gives this transaction its number: see the migration.
  await lock(client, batch.sagaId);
  const head = await readHead(client, schema, batch.sagaId);
  const from = Math.min(batch.entries[0]?.seq ?? Infinity, (head?.version ?? 0) + 1);
  const inForce = await readInForce(client, schema, batch.sagaId, from);
  const plan = merge(head, inForce, batch, standing);
  if (plan.kind !== 'store' || (plan.add.length === 0 && (!head || head.runId === batch.runId))) {
    return { plan, head, changes: false };
  }
  return { plan, head: await store(client, schema, { batch, head, plan }), changes: true };
}

export async function readHead(client: Pick<PoolClient, 'query'>, schema: string, sagaId: string) {
  const { rows } = await client.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM ${schema}.sagas WHERE saga_id = $1`, [
    sagaId,
  ]);
  return rows[0] && headOf(rows[0]);
}

export async function lock(client: Pick<PoolClient, 'query'>, sagaId: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [sagaId]);
}

/** The events in force from a number on, confirmed or not. */
export async function readInForce(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  sagaId: string,
  from: number,
): Promise<(EntryInForce & { readonly branch: number })[]> {
  const { rows } = await client.query<EventRow>(
    `SELECT branch, seq, data, at, run_id, position FROM ${schema}.saga_events
     WHERE saga_id = $1 AND seq >= $2 AND seq > 0 AND superseded_by IS NULL ORDER BY seq`,
    [sagaId, Math.min(from, 2_147_483_647)],
  );
  return rows.map(({ branch, seq, data, at, run_id, position }) => ({
    branch,
    seq,
    at: at.toISOString(),
    event: eventOfData(data),
    runId: run_id,
    isConfirmed: position !== null,
  }));
}

interface Change {
  readonly batch: Batch;
  readonly head: Head | undefined;
  readonly plan: Extract<Plan, { kind: 'store' }>;
}

async function store(client: PoolClient, schema: string, { batch, head, plan }: Change): Promise<Head> {
  const { sagaId, runId } = batch;
  const version = head?.version ?? 0;
  const from = plan.supersedeFrom;
  let branch = head?.branch ?? 0;
  if (from !== undefined && from > version) {
    // Events after a gap have had no reader, so there is nothing to supersede.
    await client.query(
      `DELETE FROM ${schema}.saga_events
       WHERE saga_id = $1 AND seq >= $2 AND superseded_by IS NULL AND position IS NULL`,
      [sagaId, from],
    );
  } else if (from !== undefined && head) {
    branch += 1;
    await supersede(client, schema, { batch, head, from, at: plan.add[0]?.at ?? head.record.updatedAt });
  }
  const known = await readInForce(client, schema, sagaId, 1);
  const branches = new Map(known.map((entry) => [entry.seq, entry.branch]));
  const stream = { ...batch, branch };
  const rows = plan.add.map((entry) => eventRow(stream, entry, (seq) => branches.get(seq) ?? branch));
  await insert(client, schema, sagaId, branch, runId, rows);
  const all = [...known, ...plan.add].sort((one, other) => one.seq - other.seq);
  const prefix = all.filter(({ seq }, index) => seq === index + 1);
  const superseded = from !== undefined && from <= version;
  // Lost events are no reason to drop the row's knowledge (rule 54): the new events are folded upon it.
  const next =
    head && !superseded && prefix.length < version
      ? { ...headAfter(head, all), branch, runId }
      : {
          record: recordAfter(batch, prefix),
          version: prefix.length,
          branch,
          runId,
          behindGap: prefix.length < all.length,
        };
  await confirm(client, schema, sagaId, next.version);
  await upsertSaga(client, schema, next);
  const news = all.filter((entry) => entry.seq > version && entry.seq <= next.version && concernsLetters(entry));
  if (next.version > prefix.length) {
    const steps = new Set(news.flatMap(({ event }) => ('step' in event ? [event.step] : [])));
    const letters = lettersOf(sagaId, all).filter(({ step }) => steps.has(step));
    await upsertLetters(client, schema, sagaId, letters);
  } else if (from !== undefined || news.length > 0) {
    // Letters of an earlier version may be superseded now.
    await storeLetters(client, schema, sagaId, lettersOf(sagaId, prefix));
  }
  return next;
}

/** A head with the events that follow directly upon it, even if earlier ones are lost. */
function headAfter(head: Head, all: readonly SentEntry[]): Head {
  let { record, version } = head;
  for (const entry of all.filter(({ seq }) => seq > head.version)) {
    if (entry.seq !== version + 1) return { ...head, record, version, behindGap: true };
    record = applyEntry(record, entry);
    version += 1;
  }
  return { ...head, record, version, behindGap: false };
}

export function recordAfter(
  { sagaId, sagaType }: Pick<Batch, 'sagaId' | 'sagaType'>,
  prefix: readonly SentEntry[],
): SagaRecord {
  const ended = prefix.findIndex(({ event }) => event.type === 'SagaEnded');
  if (ended >= 0 && ended < prefix.length - 1) throw new Error(`${sagaId} has an event after its end`);
  const blank = { ...blankRecord(sagaId), sagaType };
  return prefix.reduce((record, entry) => applyEntry(record, entry), blank);
}

interface Superseding {
  readonly batch: Batch;
  readonly head: Head;
  readonly from: number;
  readonly at: string;
}

/** The old rows stay and are marked; the new branch begins with an event that says so. */
async function supersede(client: PoolClient, schema: string, { batch, head, from, at }: Superseding): Promise<void> {
  const { sagaId, runId, correlationId } = batch;
  const branch = head.branch + 1;
  await client.query(
    `UPDATE ${schema}.saga_events SET superseded_by = $3 WHERE saga_id = $1 AND superseded_by IS NULL
     AND (seq >= $2 OR (seq = 0 AND (data->>'fromSeq')::int >= $2))`,
    [sagaId, from, branch],
  );
  const data: SagaReset = { type: 'SagaReset', fromSeq: from, runId, supersededRunId: head.runId };
  const row: NewRow = {
    seq: 0,
    id: eventId(sagaId, branch, 0),
    type: data.type,
    data,
    at,
    correlation_id: correlationId,
    causation_id: null,
  };
  await insert(client, schema, sagaId, branch, runId, [row]);
  await client.query(
    `UPDATE ${schema}.saga_events SET position = nextval(${positions(schema)}), txid = pg_current_xact_id()
     WHERE saga_id = $1 AND branch = $2 AND seq = 0`,
    [sagaId, branch],
  );
}

/** The columns that the writer sets; position, transaction and storing time are the database's. */
type NewRow = ReturnType<typeof eventRow>;

const positions = (schema: string): string => `'${`${schema}.positions`.replaceAll("'", "''")}'`;

async function insert(
  client: PoolClient,
  schema: string,
  sagaId: string,
  branch: number,
  runId: string,
  rows: readonly NewRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO ${schema}.saga_events (saga_id, branch, seq, id, type, data, at, run_id, correlation_id, causation_id)
     SELECT $1, $2, seq, id, type, data, at, $3, correlation_id, causation_id FROM jsonb_to_recordset($4) AS entry (
       seq int, id uuid, type text, data jsonb, at timestamptz, correlation_id text, causation_id text
     )`,
    [sagaId, branch, runId, JSON.stringify(rows)],
  );
}

/**
 * Every event without a gap before it gets its position, in the order of the numbers. If a lost event is stored
 * again, the events after it get new positions, too: a reader by position gets them once more, under the same ids.
 */
export async function confirm(client: PoolClient, schema: string, sagaId: string, version: number): Promise<void> {
  await client.query(
    `UPDATE ${schema}.saga_events AS event SET position = given.position, txid = pg_current_xact_id()
     FROM (
       SELECT branch, seq, nextval(${positions(schema)}) AS position FROM (
         SELECT branch, seq FROM ${schema}.saga_events AS waiting
         WHERE saga_id = $1 AND superseded_by IS NULL AND seq <= $2 AND seq >= (
           SELECT min(seq) FROM ${schema}.saga_events
           WHERE saga_id = $1 AND superseded_by IS NULL AND seq > 0 AND position IS NULL
         )
         ORDER BY seq
       ) AS waiting
     ) AS given
     WHERE event.saga_id = $1 AND event.branch = given.branch AND event.seq = given.seq`,
    [sagaId, version],
  );
}

/** A row that has all of it already stays as it is, including the time of its last change. */
export async function upsertSaga(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  head: Head,
  changedAt = new Date(),
): Promise<void> {
  const columns = SAGA_COLUMNS.split(', ').filter((column) => column !== 'saga_id');
  const said = columns.filter((column) => column !== 'changed_at');
  const listed = (alias: string): string => said.map((column) => `${alias}.${column}`).join(', ');
  await client.query(
    `INSERT INTO ${schema}.sagas AS saga (${SAGA_COLUMNS})
     SELECT ${SAGA_COLUMNS} FROM jsonb_populate_record(NULL::${schema}.sagas, $1)
     ON CONFLICT (saga_id) DO UPDATE SET ${columns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}
     WHERE (${listed('saga')}) IS DISTINCT FROM (${listed('EXCLUDED')})`,
    [JSON.stringify(rowOf(head, changedAt))],
  );
}
