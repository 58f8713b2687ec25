/**
 * Appends batches to the journal: one round trip if a batch follows directly upon the known head, else a read of all.
 */
import { LRUCache } from 'lru-cache';
import { escapeIdentifier, type Pool } from 'pg';
import { applyEntry, blankRecord } from '../../saga/journal/fold.js';
import { closingEntries, storable, type Batch, type SentEntry } from './batch.js';
import { eventRow } from '../tables/event-row.js';
import { concernsLetters } from '../dead-letters/from-events.js';
import type { RunStanding } from './merge.js';
import { rowOf, type Head } from '../tables/saga-row.js';
import { appendWithLock, readHead, type LockedAppend } from './append-with-lock.js';

/** `ignored`: the batch came from a run that does not count any more, or from an attempt that was given up. */
export type Appended =
  | {
      readonly kind: 'stored';
      /** Up to this number the saga's journal is stored without a gap. */
      readonly version: number;
      readonly closing?: { readonly attempts: number; readonly closedAt: string };
    }
  | { readonly kind: 'ignored'; readonly why: 'superseded' | 'unconnected' | 'overtaken' };

/** Temporal's answer about a run; for a reset run also all entries that it has sent, from the first one on. */
export interface RunAnswer {
  readonly standing: RunStanding;
  readonly entries?: readonly SentEntry[];
}

/** Asks Temporal about a run. It throws if Temporal does not answer. */
export type AskRun = (sagaId: string, runId: string) => Promise<RunAnswer>;

/** The heads of the sagas that this process wrote last: a record is 1 to 2 KB. */
const CACHED = 2_000;

/** Two writers that meet in the database may each have to look again. */
const TRIES = 3;

export function createAppend(pool: Pool, schemaName: string, askRun: AskRun) {
  const schema = escapeIdentifier(schemaName);
  const heads = new LRUCache<string, Head>({ max: CACHED });

  return async function append(sent: Batch): Promise<Appended> {
    const batch = storable(sent);
    const { sagaId, entries, closing } = batch;
    const [first] = entries;
    if (!first && !closing) return { kind: 'stored', version: 0 };
    try {
      const head = heads.get(sagaId) ?? (first && first.seq > 1 ? await readHead(pool, schema, sagaId) : undefined);
      if (head && isKnown(head, batch)) return { kind: 'stored', version: head.version };
      const next = await appendNext(pool, schema, head, batch);
      if (next) {
        heads.set(sagaId, next);
        const { version } = next;
        return {
          kind: 'stored',
          version,
          ...(closing && { closing: { attempts: closing.attempts, closedAt: closing.at } }),
        };
      }
      const { plan, head: after } = await appendAsking(pool, schema, batch, askRun);
      heads.set(sagaId, after);
      if (plan.kind === 'store') {
        return { kind: 'stored', version: after?.version ?? 0, ...(plan.closing && { closing: plan.closing }) };
      }
      return { kind: 'ignored', why: plan.kind === 'ignore' ? plan.why : 'unconnected' };
    } catch (error) {
      heads.delete(sagaId);
      throw error;
    }
  };
}

/** A repeated attempt sends the same entries as the first. Entries that must be stored are looked up all the same. */
const isKnown = (head: Head, { entries, required, runId }: Batch): boolean =>
  !required && head.runId === runId && head.version >= (entries.at(-1)?.seq ?? 0);

/** The new head; undefined if the batch does not follow directly upon the stored entries. */
async function appendNext(pool: Pool, schema: string, head: Head | undefined, batch: Batch): Promise<Head | undefined> {
  const { sagaId, sagaType, runId, correlationId, entries, closing } = batch;
  const { version, branch, record } = head ?? { version: 0, branch: 0, record: { ...blankRecord(sagaId), sagaType } };
  const last = entries.at(-1)?.seq;
  // Entries of one run never differ, and its closing is looked at below.
  const fresh = entries.filter(({ seq }) => seq > version);
  if (last === undefined || (fresh[0]?.seq ?? last + 1) !== version + 1) return undefined;
  if (head && (head.runId !== runId || head.behindGap)) return undefined;
  if (record.state === 'COMPLETED' || record.state === 'FAILED' || record.state === 'CANCELLED') return undefined;
  const all = [...fresh, ...(closing ? closingEntries(last, closing) : [])];
  if (all.length === 0 || all.some(concernsLetters)) return undefined;
  const next: Head = {
    record: all.reduce((before, entry) => applyEntry(before, entry), record),
    version: last + all.length - fresh.length,
    branch,
    runId,
    behindGap: false,
  };
  const rows = all.map((entry) => eventRow({ sagaId, sagaType, branch, correlationId }, entry));
  const { rows: answer } = await pool.query<{ done: boolean }>({
    name: 'append_next',
    text: `SELECT ${schema}.append_next($1, $2, $3, $4, $5, $6) AS done`,
    values: [sagaId, branch, runId, version, JSON.stringify(rows), JSON.stringify(rowOf(next))],
  });
  return answer[0]?.done === true ? next : undefined;
}

async function appendAsking(pool: Pool, schema: string, batch: Batch, askRun: AskRun): Promise<LockedAppend> {
  let answer: RunAnswer | undefined;
  for (let tries = 1; ; tries++) {
    const result = await inTransaction(pool, schema, answer ? withEarlier(batch, answer) : batch, answer?.standing);
    if (result.plan.kind !== 'ask' || tries === TRIES) return result;
    // Neither a lock nor a connection is held during the question.
    answer = await askRun(batch.sagaId, batch.runId);
  }
}

/** The batch with all earlier entries of its run. */
export function withEarlier(batch: Batch, { entries }: RunAnswer): Batch {
  if (!entries) return batch;
  const from = batch.entries[0]?.seq ?? Infinity;
  return { ...batch, entries: [...storable(entries).filter(({ seq }) => seq < from), ...batch.entries] };
}

async function inTransaction(
  pool: Pool,
  schema: string,
  batch: Batch,
  standing: RunStanding | undefined,
): Promise<LockedAppend> {
  const client = await pool.connect();
  let failed = true;
  try {
    const result = await appendWithLock(client, schema, batch, standing);
    failed = false;
    return result;
  } finally {
    // The state of the connection after a failure is not known: the server rolls back when it is closed.
    client.release(failed);
  }
}
