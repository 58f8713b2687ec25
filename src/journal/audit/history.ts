/** A saga's journal from Temporal's histories: every entry that was ever sent is in the header of an activity. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { closingEntries, JOURNAL_HEADER, type JournalHeader, type SentEntry } from '../write/batch.js';
import { NOT_KEPT } from './differences.js';
import type { Evidence, RunHistory } from './repair.js';
import { CORRELATION_HEADER } from '../../caller.js';

/** The entries that one run has sent, in order; a run that continued another begins after the other's last entry. */
export interface SentHistory extends RunHistory {
  readonly continuedFrom: string | undefined;
}

/** Undefined if the run carries no journal. @throws WorkflowNotFoundError if its history is not kept any more */
export async function readHistory(client: Client, sagaId: string, runId: string): Promise<SentHistory | undefined> {
  const { events } = await client.workflow.getHandle(sagaId, runId).fetchHistory();
  const entries = new Map<number, SentEntry>();
  const closings = new Map<
    string,
    { readonly closing: NonNullable<JournalHeader['closing']>; readonly after: number }
  >();
  let sagaType: string | undefined;
  let correlationId: string | null = null;
  for (const event of events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const header = decode(scheduled?.header?.fields?.[JOURNAL_HEADER]) as JournalHeader | undefined;
    if (header) {
      sagaType = header.sagaType;
      correlationId ??= (decode(scheduled?.header?.fields?.[CORRELATION_HEADER]) as string | undefined) ?? null;
      for (const entry of header.entries) entries.set(entry.seq, entry);
      const after = header.entries.at(-1)?.seq;
      if (header.closing && after !== undefined) {
        closings.set(String(event.eventId), { closing: header.closing, after });
      }
    }
    const completed = event.activityTaskCompletedEventAttributes;
    const ending = closings.get(String(completed?.scheduledEventId));
    const result = decode(completed?.result?.payloads?.[0]) as { attempts?: number; closedAt?: string } | undefined;
    if (!ending || result?.closedAt === undefined) continue;
    const { closing, after } = ending;
    const known = { ...closing, attempts: result.attempts ?? 1, at: result.closedAt };
    for (const entry of closingEntries(after, known)) entries.set(entry.seq, entry);
  }
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const last = events?.at(-1);
  if (sagaType === undefined) return undefined;
  return {
    runId,
    sagaType,
    correlationId,
    entries: [...entries.values()].sort((one, other) => one.seq - other.seq),
    isReset: started?.originalExecutionRunId !== runId,
    continuedFrom: started?.continuedExecutionRunId || undefined,
    isClosed: !last?.eventType || CLOSED.some((attributes) => last[attributes]),
  };
}

const CLOSED = [
  'workflowExecutionCompletedEventAttributes',
  'workflowExecutionFailedEventAttributes',
  'workflowExecutionTimedOutEventAttributes',
  'workflowExecutionCanceledEventAttributes',
  'workflowExecutionTerminatedEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
] as const;

const decode = (payload: Payload | null | undefined): unknown =>
  payload ? defaultPayloadConverter.fromPayload(payload) : undefined;

/** With the entries of the earlier runs that were continued as new. */
export async function readWholeHistory(
  client: Client,
  sagaId: string,
  runId: string,
): Promise<SentHistory | undefined> {
  const last = await readHistory(client, sagaId, runId);
  if (!last) return undefined;
  let { entries, continuedFrom } = last;
  while (continuedFrom !== undefined && entries[0]?.seq !== 1) {
    const earlier = await readHistory(client, sagaId, continuedFrom).catch(ifKept);
    const from = entries[0]?.seq ?? Infinity;
    entries = [...(earlier?.entries ?? []).filter(({ seq }) => seq < from), ...entries];
    continuedFrom = earlier?.continuedFrom;
  }
  return { ...last, entries };
}

/** Temporal keeps closed runs for a while only. */
export function ifKept(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** The current run's whole history; `notKept` if Temporal knows no run, undefined if the run carries no journal. */
export async function readCurrentHistory(
  client: Client,
  sagaId: string,
): Promise<SentHistory | typeof NOT_KEPT | undefined> {
  try {
    const { runId } = await client.workflow.getHandle(sagaId).describe();
    return await readWholeHistory(client, sagaId, runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return NOT_KEPT;
    throw error;
  }
}

/** With the histories of the runs before it, if Temporal keeps them. */
export async function readEvidence(
  client: Client,
  sagaId: string,
  runs: readonly { readonly runId: string }[],
): Promise<Evidence | typeof NOT_KEPT | undefined> {
  const current = await readCurrentHistory(client, sagaId);
  if (current === undefined || current === NOT_KEPT) return current;
  const histories = await Promise.all(runs.map(({ runId }) => readHistory(client, sagaId, runId).catch(ifKept)));
  return { current, runs: histories.filter((history) => history !== undefined) };
}
