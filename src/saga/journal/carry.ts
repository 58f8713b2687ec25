/**
 * The journal while a saga runs, and how it leaves the workflow: in the headers of the activities that are scheduled
 * anyway, and by one activity more when the saga rests or ends without a last action. The entries that a scheduled activity
 * carries are never speculative: a workflow task that is interrupted is run again, and only the activities that it
 * scheduled count (rule 28).
 */
import { defaultPayloadConverter } from '@temporalio/common';
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { hasEnded, verdictOf } from '../record.js';
import type { Run } from '../run.js';
import type { Step } from '../step.js';
import {
  closingEvents,
  entryName,
  JOURNAL_HEADER,
  type Closing,
  type JournalHeader,
  type SagaEvent,
} from './events.js';
import { applyEntry } from './fold.js';

/** Appends a transition and makes it the saga's state. `at` is ISO 8601, by default the workflow's clock. */
export function record({ journal, definition }: Run, event: SagaEvent, at = new Date().toISOString()): void {
  const before = journal.record;
  const entry = { seq: ++journal.seq, at, name: entryName(event, definition.type), event };
  journal.record = applyEntry(before, entry);
  journal.entries.push(entry);
  definition.onEntry(journal.record, before);
}

/**
 * For the activity that is scheduled within `withJournal`, because all workflows of an isolate may share this module.
 */
let outgoing: JournalHeader | undefined;

/** Register it with the worker's workflow interceptors; without it the journal is not carried. */
export const sagaInterceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [{ scheduleActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...header() } }) }],
});

const header = () => outgoing && { [JOURNAL_HEADER]: defaultPayloadConverter.toPayload(outgoing) };

/**
 * Gives the entries since the previous activity to the activity that `schedule` schedules in this turn. If they must
 * be stored, it gives all entries that are not known to be stored.
 */
export function withJournal<T>(
  { journal, definition }: Run,
  must: Pick<JournalHeader, 'required' | 'closing'>,
  schedule: () => Promise<T>,
): Promise<T> {
  const { id: sagaId, type: sagaType, storeJournal } = definition;
  if (!storeJournal) return schedule();
  const from = must.required ? journal.stored : journal.sent;
  const entries = journal.entries.filter(({ seq }) => seq > from).map(({ seq, at, event }) => ({ seq, at, event }));
  journal.sent = journal.seq;
  outgoing = { sagaId, sagaType, entries, ...must };
  try {
    return schedule();
  } finally {
    outgoing = undefined;
  }
}

/** An activity answered that the journal has stored everything up to this number. */
export function storedUpTo({ journal }: Run, seq: number): void {
  journal.stored = Math.max(journal.stored, seq);
}

/**
 * The verdict that holds if the saga's last step succeeds: it travels with the call (rule 28).
 *
 * @throws Error if the step cannot be the last one
 */
export function closingOf({ record: now, body }: Run, step: Step): Closing {
  const mayBlock = step.kind !== 'retriable' || step.onExhausted !== 'deadLetter';
  if (mayBlock || body.inFlight.size > 0 || hasEnded(now))
    throw new Error(`${step.name} cannot be the last step: it may block, or is not alone, or the saga has ended`);
  return { step: step.name, ...verdictOf(now) };
}

/** The last step has succeeded. `closedAt` is when its worker saw that, even if it could not store it. */
export function close(run: Run, closing: Closing, attempts: number, closedAt?: string): void {
  for (const event of closingEvents(closing, attempts)) record(run, event, closedAt);
}

/**
 * Stores everything when the saga rests or has ended. Resolves when it is stored, however long the store is away. It
 * delays no decision, and no cancel reaches it.
 */
export const storeAtRest = (run: Run): Promise<void> =>
  storeAll(run, ({ blockedOn, waitingFor }) => blockedOn !== null || waitingFor !== null || hasEnded(run.record));

/** The same at any time, for as long as it `isWanted`. */
export async function storeAll(run: Run, isWanted: (now: Run['record']) => boolean = () => true): Promise<void> {
  const { journal, scopes } = run;
  while (!isStored(run) && isWanted(run.record)) await (journal.storing ??= scopes.shield.run(() => store(run)));
}

async function store(run: Run): Promise<void> {
  const { journal, definition } = run;
  const { seq } = journal;
  const retry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '10 seconds' } as const;
  const options = { startToCloseTimeout: '10 seconds', retry, summary: 'journal' } as const;
  await withJournal(run, { required: true }, async () => definition.storeJournal?.executeWithOptions(options, []));
  storedUpTo(run, seq);
  journal.storing = undefined;
}

/** Only entries that are stored may be left behind by a run that is continued as new. */
export const isStored = ({ journal, definition }: Run): boolean =>
  !definition.storeJournal || journal.stored === journal.seq;
