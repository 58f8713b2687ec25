/**
 * Repairs the stored data of one saga, in one transaction, so that a dry run shows exactly the changes that would be
 * made. Repair never destroys knowledge (rule 54):
 *
 *   1. Correct data stays as it is, times included.
 *   2. A row never goes back to an earlier event, and never loses its verdict, unless Temporal's history says so, or, for
 *      another verdict, a stream of events in which nothing is missing.
 *   3. Nothing is deleted. An event that is in no history is marked as superseded; a row without events is kept.
 *   4. A fault without a proof stays, and is reported.
 */
import type { PoolClient } from 'pg';
import { withEarlier, type RunAnswer } from '../write/append.js';
import type { Batch } from '../write/batch.js';
import { isSound, NOT_KEPT, problemsOf, type Stored, type Told } from './differences.js';
import type { EntryInForce } from '../tables/event-row.js';
import { lettersOf } from '../dead-letters/from-events.js';
import { storeLetters, upsertLetters } from '../dead-letters/rows.js';
import { readStored } from './read-stored.js';
import {
  confirm,
  lock,
  readHead,
  readInForce,
  recordAfter,
  appendWithin,
  upsertSaga,
} from '../write/append-with-lock.js';
import type { SagaRow } from '../tables/saga-row.js';
import { reasonOf } from '../../platform/reason.js';
import { isAway } from '../../platform/database/unavailable.js';

/** The entries that one run has sent, from its history. */
export interface RunHistory extends Told {
  readonly runId: string;
  readonly sagaType: string;
  readonly correlationId: string | null;
  /** It began with a copy of another run's history. */
  readonly isReset: boolean;
}

/** Temporal's knowledge of a saga. */
export interface Evidence {
  /** The current run, with the entries of the earlier runs that were continued as new. */
  readonly current: RunHistory;
  /**
   * The entries that each kept run has sent by itself, in the order of their starts: they show both branches of a
   * reset.
   */
  readonly runs: readonly RunHistory[];
}

export interface Repair {
  /** Findings that are mended. */
  readonly mended: readonly string[];
  /** Findings that stay, because their repair could not be proved. */
  readonly left: readonly string[];
  /** Events were taken from a history, or taken out of force by it. */
  readonly fromHistory: boolean;
}

export interface RepairOptions {
  readonly sagaId: string;
  readonly evidence: Evidence | typeof NOT_KEPT | undefined;
  /** If false, everything is rolled back. */
  readonly apply: boolean;
}

/** @param schema escaped */
export async function repair(client: PoolClient, schema: string, options: RepairOptions): Promise<Repair> {
  const { sagaId, evidence, apply } = options;
  const told = evidence === NOT_KEPT ? NOT_KEPT : evidence?.current;
  await client.query('BEGIN');
  await lock(client, sagaId);
  const before = await readStored(client, schema, sagaId);
  const problems = problemsOf(sagaId, before, told);
  if (problems.length === 0) {
    await client.query('ROLLBACK');
    return { mended: [], left: [], fromHistory: false };
  }
  try {
    const fromHistory = await mend(client, schema, options, before);
    const left = problemsOf(sagaId, await readStored(client, schema, sagaId), told);
    await client.query(apply ? 'COMMIT' : 'ROLLBACK');
    return { mended: problems.filter((problem) => !left.includes(problem)), left, fromHistory };
  } catch (error) {
    if (isAway(error)) throw error;
    await client.query('ROLLBACK');
    const left = [...problems, `${sagaId}: it could not be mended: ${reasonOf(error)}`];
    return { mended: [], left, fromHistory: false };
  }
}

async function mend(
  client: PoolClient,
  schema: string,
  { sagaId, evidence }: RepairOptions,
  before: Stored,
): Promise<boolean> {
  const history = evidence === NOT_KEPT ? undefined : evidence;
  // The row must exist to tell the changes that a history makes.
  if (!before.row) await refold(client, schema, sagaId, history?.current);
  const marked = history ? await markUnsent(client, schema, sagaId, history.current) : 0;
  const isUnknown = before.events.length === 0;
  let brought = false;
  for (const sent of history ? (isUnknown ? history.runs : [history.current]) : []) {
    brought = (await bring(client, schema, sagaId, sent, history?.current)) || brought;
  }
  await refold(client, schema, sagaId, history?.current);
  return brought || marked > 0;
}

/** Events that a completely known run has not sent. They stay, out of force. */
async function markUnsent(client: PoolClient, schema: string, sagaId: string, told: RunHistory): Promise<number> {
  const numbers = told.entries.map(({ seq }) => seq);
  if (!told.isClosed || numbers.length === 0) return 0;
  const { rowCount } = await client.query(
    `UPDATE ${schema}.saga_events SET superseded_by = branch
     WHERE saga_id = $1 AND superseded_by IS NULL AND run_id = $2 AND seq > $3 AND NOT seq = ANY ($4)`,
    [sagaId, told.runId, Math.min(...numbers), numbers],
  );
  return rowCount ?? 0;
}

/** Stores the entries of a run as if they arrived now. True if one was missing. */
async function bring(
  client: PoolClient,
  schema: string,
  sagaId: string,
  sent: RunHistory,
  current: RunHistory | undefined,
): Promise<boolean> {
  const { runId, sagaType, correlationId, entries } = sent;
  const batch: Batch = { sagaId, sagaType, runId, correlationId, entries, required: true };
  const { plan, changes } = await appendWithin(client, schema, batch);
  if (plan.kind !== 'ask') return changes;
  const whole = runId === current?.runId ? current.entries : entries;
  const answer: RunAnswer = sent.isReset ? { standing: 'reset', entries: whole } : { standing: 'current' };
  return (await appendWithin(client, schema, withEarlier(batch, answer), answer.standing)).changes;
}

/**
 * Publishes the events before which nothing is missing, and folds the row and the dead letters from the events, if
 * that is proved.
 */
async function refold(client: PoolClient, schema: string, sagaId: string, told: RunHistory | undefined): Promise<void> {
  const stored = await readStored(client, schema, sagaId);
  const events = await readInForce(client, schema, sagaId, 1);
  const prefix = events.filter(({ seq }, index) => seq === index + 1);
  const [first] = prefix;
  const ended = prefix.findIndex(({ event }) => event.type === 'SagaEnded');
  if (!first || (ended >= 0 && ended < prefix.length - 1)) return;
  const head = await readHead(client, schema, sagaId);
  const sagaType = first.event.type === 'SagaStarted' ? first.event.sagaType : (head?.record.sagaType ?? '');
  const record = recordAfter({ sagaId, sagaType }, prefix);
  if (stored.row && !isProved(sagaId, stored, { version: prefix.length, state: record.state }, told)) return;
  await publishInOrder(client, schema, sagaId, stored, prefix);
  const last = prefix.at(-1) ?? first;
  await upsertSaga(
    client,
    schema,
    {
      record,
      version: prefix.length,
      branch: Math.max(...events.map(({ branch }) => branch)),
      // A run that was continued as new, or reset, may not have sent anything new.
      runId: head?.runId ?? last.runId,
      behindGap: prefix.length < events.length,
    },
    stored.events.find(({ seq, superseded_by }) => seq === last.seq && superseded_by === null)?.stored_at,
  );
  // After a gap there may be events about the other letters.
  const tellLetters = prefix.length < events.length ? upsertLetters : storeLetters;
  await tellLetters(client, schema, sagaId, lettersOf(sagaId, prefix));
}

/** Rule 54: true if the row may be replaced by the fold of the events. */
function isProved(
  sagaId: string,
  stored: Stored & { readonly row?: SagaRow | undefined },
  wanted: { readonly version: number; readonly state: string },
  told: RunHistory | undefined,
): boolean {
  const { row } = stored;
  if (!row || isToldWhole(wanted.version, row.version, told)) return true;
  if (wanted.version < row.version) return false;
  if (!hasVerdict(row.state) || row.state === wanted.state) return true;
  return hasVerdict(wanted.state) && isSound(sagaId, stored);
}

/** True if the history has everything that the row can know of, and the events are complete up to there. */
function isToldWhole(version: number, ofRow: number, told: RunHistory | undefined): boolean {
  const last = told?.entries.at(-1)?.seq;
  if (!told || last === undefined) return false;
  return told.isClosed ? version === last : version >= last && last >= ofRow;
}

const hasVerdict = (state: string): boolean => state === 'COMPLETED' || state === 'FAILED' || state === 'CANCELLED';

/** From the first event on whose position is not after that of its predecessor, all get new positions. */
async function publishInOrder(
  client: PoolClient,
  schema: string,
  sagaId: string,
  { events }: Stored,
  prefix: readonly EntryInForce[],
): Promise<void> {
  const positions = new Map(
    events.filter(({ superseded_by }) => superseded_by === null).map(({ seq, position }) => [seq, position]),
  );
  let highest = 0;
  const wrong = prefix.find(({ seq }) => {
    const position = positions.get(seq);
    if (position === null || position === undefined) return false;
    if (Number(position) <= highest) return true;
    highest = Number(position);
    return false;
  });
  if (wrong) {
    await client.query(
      `UPDATE ${schema}.saga_events SET position = NULL
       WHERE saga_id = $1 AND superseded_by IS NULL AND seq >= $2 AND seq <= $3`,
      [sagaId, wrong.seq, prefix.length],
    );
  }
  await confirm(client, schema, sagaId, prefix.length);
}
