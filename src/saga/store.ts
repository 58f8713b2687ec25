/**
 * How the journal leaves the workflow: in the headers of the activities that it schedules anyway, and by one activity
 * more wherever the saga rests or ends without a last action. What is stored is never speculative, since a workflow task
 * that is interrupted is run again and only what it scheduled counts (rule 28).
 */
import { defaultPayloadConverter, type ActivityOptions } from '@temporalio/common';
import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { closingEvents, JOURNAL_HEADER, type Closing, type JournalHeader } from './journal.js';
import { hasEnded, verdictOf } from './record.js';
import { journal, type Run } from './run.js';
import type { Step } from './step.js';
import { pack } from './wire.js';

/** An activity that does nothing by itself: whoever runs it stores what its header carries before it succeeds. */
export interface StoreJournal {
  executeWithOptions(options: ActivityOptions, args: []): Promise<unknown>;
}

/** For the activity that is scheduled within `carrying`: all workflows of an isolate may share this module. */
let outgoing: JournalHeader | undefined;

/** Register it with the worker's workflow interceptors; without it nothing is carried. */
export const journalInterceptor: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        if (!outgoing) return next(input);
        const headers = {
          ...input.headers,
          [JOURNAL_HEADER]: defaultPayloadConverter.toPayload(pack(outgoing, workflowInfo().workflowId)),
        };
        return next({ ...input, headers });
      },
    },
  ],
});

/**
 * Gives the activity that `schedule` schedules, in this turn, what none has carried yet; where it must be stored, all
 * that is not known to be.
 */
export function carrying<T>(
  run: Run,
  must: Pick<JournalHeader, 'required' | 'closing'>,
  schedule: () => Promise<T>,
): Promise<T> {
  const { sagaId, sagaType, storeJournal } = run.definition;
  if (!storeJournal) return schedule();
  const from = must.required ? run.stored : run.sent;
  const entries = run.entries.filter(({ seq }) => seq > from).map(({ seq, at, event }) => ({ seq, at, event }));
  run.sent = run.seq;
  outgoing = { sagaId, sagaType, entries, ...must };
  try {
    return schedule();
  } finally {
    outgoing = undefined;
  }
}

/** What holds if the saga's last step succeeds: its verdict, which travels with the call (rule 28). */
export function closingOf({ record, inFlight }: Run, step: Step): Closing {
  const mayBlock = step.kind !== 'retriable' || step.onExhausted !== 'deadLetter';
  if (mayBlock || inFlight.size > 0 || hasEnded(record)) {
    throw new Error(
      `${step.name} cannot be the last step: it may block, or is not the only one, or the saga has ended`,
    );
  }
  return { step: step.name, ...verdictOf(record) };
}

/** Whoever stored what the last call carried says when that was, and after how many attempts. */
export function closed(run: Run, closing: Closing, counted: number, result: unknown): undefined {
  const { closedAt, attempts }: { closedAt?: string; attempts?: number } = Object(result);
  const stored = closedAt === undefined ? undefined : attempts;
  for (const event of closingEvents(closing, stored ?? counted)) journal(run, event, closedAt);
  if (closedAt !== undefined) run.stored = run.seq;
}

/**
 * Stores everything where the saga rests or has ended; resolves when it is stored, however long the store is away.
 * Nobody who has something to decide waits for it.
 */
export async function rest(run: Run): Promise<void> {
  const rests = (): boolean => run.record.blockedOn !== null || run.record.waitingFor !== null || hasEnded(run.record);
  while (!isStored(run) && rests()) await (run.storing ??= store(run));
}

async function store(run: Run): Promise<void> {
  const { seq, definition } = run;
  const retry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '10 seconds' } as const;
  const options = { startToCloseTimeout: '10 seconds', retry, summary: 'journal' } as const;
  await carrying(run, { required: true }, async () => definition.storeJournal?.executeWithOptions(options, []));
  run.stored = Math.max(run.stored, seq);
  run.storing = undefined;
}

/** Only what is stored may be left behind by a run that is continued as new. */
export const isStored = (run: Run): boolean => !run.definition.storeJournal || run.stored === run.seq;
