/** One saga while it runs. State is per workflow (rule 7), and each group of it is written by one file alone. */
import { CancelledFailure, defaultPayloadConverter } from '@temporalio/common';
import { CancellationScope, Trigger, workflowInfo } from '@temporalio/workflow';
import type { Wait } from './approval.js';
import type { SteerableCall } from './call.js';
import type { JournalEntry } from './journal/events.js';
import { blankRecord } from './journal/fold.js';
import type { SagaMessages } from './messages.js';
import { isGoingForward, type SagaRecord } from './record.js';
import type { StackEntry } from './stack.js';
import type { RecordedDecision } from './steering.js';
import type { Step, StoreJournal } from './step.js';
import { record } from './journal/carry.js';

/** What `defineSaga` knows of one saga. */
export interface Definition {
  readonly type: string;
  readonly id: string;
  readonly data: SagaRecord['data'];
  /** Every step that the body may run: compensations are found here by name. */
  readonly steps: readonly Step[];
  /** Milliseconds from the start of the first run. */
  readonly deadline: number;
  readonly messages: SagaMessages;
  /** The step that closes the saga when all is undone. */
  readonly afterUnwinding: { readonly step: Step; readonly input: unknown } | undefined;
  readonly storeJournal: StoreJournal | undefined;
  readonly historyLimit: number | undefined;
  readonly onEntry: (record: SagaRecord, before: SagaRecord) => void;
}

/** What a step has given to the body; `{}` if there is no result. */
export interface Given {
  readonly value?: unknown;
}

/** What a saga takes into its next run. Plain data. */
export interface CarriedSaga {
  readonly record: SagaRecord;
  readonly seq: number;
  readonly stack: readonly StackEntry[];
  readonly deadlineAt: number;
  readonly decisions: readonly (readonly [id: string, RecordedDecision])[];
  /** A body that is run again gets these instead of calling again. */
  readonly given: readonly (readonly [step: string, given: Given])[];
  readonly cancelledTooLate?: true;
}

export type Run = ReturnType<typeof openRun>;

/** A saga's state as it begins, or as it was carried over. */
export function openRun(definition: Definition, carried?: CarriedSaga) {
  const { type, id, data, steps, deadline, onEntry } = definition;
  const seq = carried?.seq ?? 0;
  const run = {
    definition,
    /** Milliseconds since the epoch. */
    deadlineAt: carried?.deadlineAt ?? workflowInfo().startTime.getTime() + deadline,
    isCarried: carried !== undefined,
    /** Written by journal/carry.ts. */
    journal: {
      record: carried?.record ?? blankRecord(id),
      entries: [] as JournalEntry[],
      /** The number of the last entry; up to where an activity has carried them; up to where they are known to be stored. */
      seq,
      sent: seq,
      stored: seq,
      storing: undefined as Promise<void> | undefined,
    },
    /** Written by stack.ts. */
    stack: {
      entries: [...(carried?.stack ?? [])],
      origin: origin(),
      confirming: undefined as Promise<void> | undefined,
    },
    /** Calls that an operator may steer, by step; written by call.ts. */
    calls: new Map<string, SteerableCall>(),
    /** Written by steering.ts and hand-over.ts. */
    steering: {
      decisions: new Map(carried?.decisions),
      /** Requests that are accepted and not answered yet. */
      open: 0,
      handingOver: false,
      /** Resolved when the run is to be continued as new. */
      leaving: new Trigger<void>(),
      cancelledTooLate: carried?.cancelledTooLate ?? false,
    },
    /** Written by approval.ts. */
    waits: new Map<string, Wait>(),
    /** Written by define-saga.ts. */
    body: { given: new Map(carried?.given), inFlight: new Set<Promise<unknown>>(), isEnding: false },
    scopes: {
      /** What must not be cancelled from outside: the scope in which the saga itself runs. */
      shield: CancellationScope.current(),
      forward: new CancellationScope(),
    },
    /** The saga's state: whether it unwinds, and why, is read from here. */
    get record(): SagaRecord {
      return run.journal.record;
    },
  };
  if (carried) onEntry(run.record, run.record);
  else
    record(run, { type: 'SagaStarted', sagaType: type, data, steps: steps.map(({ name, kind }) => ({ name, kind })) });
  return run;
}

export function carry({ journal, stack, deadlineAt, steering, body }: Run): CarriedSaga {
  return {
    record: journal.record,
    seq: journal.seq,
    stack: stack.entries,
    deadlineAt,
    decisions: [...steering.decisions],
    given: [...body.given],
    ...(steering.cancelledTooLate && { cancelledTooLate: true }),
  };
}

/** Once the verdict is decided, no branch of the body starts anything more. */
export function requireForward({ record: now }: Run, what: string): void {
  if (!isGoingForward(now)) throw new CancelledFailure(`${what} comes too late: the saga is decided`);
}

/**
 * Changes when the run is reset, at that place in its history and so at each replay: Temporal then gives the run another
 * source of random numbers. (The SDK says it nowhere else.)
 */
export const origin = (): unknown =>
  (globalThis as { readonly __TEMPORAL_ACTIVATOR__?: { readonly random: unknown } }).__TEMPORAL_ACTIVATOR__?.random;

/** A copy as Temporal's converter makes it: what the body does to its objects later changes nothing here. */
export const copyOf = <T>(value: T): T => defaultPayloadConverter.fromPayload(defaultPayloadConverter.toPayload(value));

export const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
