/** One saga while it runs: its record, its stack, and what may be asked of it. State is per workflow (rule 7). */
import { CancelledFailure } from '@temporalio/common';
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { applyEntry, blankRecord, entryName, type JournalEntry, type SagaEvent } from './journal.js';
import { SAGA_MESSAGES } from './messages.js';
import type { Decision, ResolveAction, ResolveRequest, SagaMessages } from './messages.js';
import { isGoingForward, type SagaRecord } from './record.js';
import type { Retriable, Step } from './step.js';
import type { StoreJournal } from './store.js';

/**
 * What may have to be undone: plain data, so that it can be carried over. The compensation is found by the step's name
 * and gets the same input as the action.
 */
export interface StackEntry {
  readonly step: string;
  readonly input: unknown;
  /** `unknown` from before the call until its answer arrives; a refusal takes the entry off the stack. */
  outcome: 'unknown' | 'applied';
}

/** Runs a saga's last step, which can change nothing any more: a dead letter where it is given up. */
export type RunLast = <Input>(step: Retriable<Input, unknown>, input: Input) => Promise<void>;

export interface SagaDefinition {
  readonly sagaType: string;
  /** The workflow's own id: any other is refused (rule 19). */
  readonly sagaId: string;
  /** Ids and totals that the saga starts with; results of steps are added. Never personal data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Every step that the body may run, each once: compensations are found here by name. */
  readonly steps: readonly Step[];
  /** Milliseconds from the start of the first run; shortens compensatable actions, their probes and approvals only. */
  readonly deadline: number;
  /** Other Temporal names for the saga's messages. Left out, the library's own, by which the API steers every saga. */
  readonly messages?: Partial<SagaMessages>;
  /** Runs after the last compensation, and closes the saga: a notice, say. */
  readonly afterUnwinding?: (last: RunLast) => Promise<void>;
  /** Where there is one, the journal is carried out of the workflow: see store.ts. */
  readonly storeJournal?: StoreJournal;
  /** Called after each transition, to show it somewhere: search attributes, current details. Must not wait. */
  readonly onEntry?: (record: SagaRecord, before: SagaRecord) => void;
  /** Continues the workflow as new with what is carried over, where a saga stays blocked in unwinding for long. */
  readonly continueAsNew: (carried: CarriedSaga) => Promise<never>;
  /** Events in the history after which a blocked saga is continued as new; the server's own suggestion counts as well. */
  readonly historyLimit?: number;
}

/** What a blocked saga takes into its next run. Plain data. */
export interface CarriedSaga {
  readonly record: SagaRecord;
  readonly seq: number;
  readonly stack: readonly StackEntry[];
  readonly deadlineAt: number;
  readonly decisions: Readonly<Record<string, Recorded>>;
}

/** What was asked under a request's id, and what came of it once it is decided. */
export interface Recorded {
  readonly content: string;
  decision?: Decision;
}

/** Where an operator steers a call: while it runs its scope can be cut, while it is blocked it waits for `pending`. */
export interface Desk {
  readonly allowed: readonly ResolveAction[];
  scope?: CancellationScope;
  pending?: ResolveRequest;
}

export type Run = ReturnType<typeof openRun>;

/** A saga's state as it begins, or as it was carried over. */
export function openRun(definition: SagaDefinition, carried?: CarriedSaga) {
  const { sagaType, sagaId, data, steps, deadline } = definition;
  if (new Set(steps.map(({ name }) => name)).size < steps.length) throw new Error('Two steps have the same name');
  const seq = carried?.seq ?? 0;
  const decisions: Record<string, Recorded> = Object.assign(Object.create(null), carried?.decisions);
  const run = {
    definition,
    messages: { ...SAGA_MESSAGES, ...definition.messages },
    /** The saga's state: whether it unwinds, and why, is read from here. */
    record: carried?.record ?? blankRecord(sagaId),
    entries: [] as JournalEntry[],
    /** The sequence number of the last entry. */
    seq,
    /** Up to where the journal has been carried by an activity, and up to where it is known to be stored. */
    sent: seq,
    stored: seq,
    storing: undefined as Promise<void> | undefined,
    stack: [...(carried?.stack ?? [])],
    /** Milliseconds since the epoch. */
    deadlineAt: carried?.deadlineAt ?? workflowInfo().startTime.getTime() + deadline,
    decisions,
    desks: new Map<string, Desk>(),
    /** What must not be cancelled from outside: the scope in which the saga itself runs. */
    shield: CancellationScope.current(),
    forward: new CancellationScope(),
    inFlight: new Set<Promise<unknown>>(),
    /**
     * What is undone next follows from the history alone: from an activity that has failed, or a compensation that has
     * succeeded. An Update that was accepted since may still be lost with the present workflow task.
     */
    isSettled: false,
    /** While the run is continued as new nothing more is accepted. */
    handingOver: false,
  };
  if (carried) definition.onEntry?.(run.record, run.record);
  else journal(run, { type: 'SagaStarted', sagaType, data, steps: steps.map(({ name, kind }) => ({ name, kind })) });
  return run;
}

/** Appends a transition and makes it the saga's state. `at` is ISO 8601, the workflow's clock unless said otherwise. */
export function journal(run: Run, event: SagaEvent, at = new Date().toISOString()): void {
  const before = run.record;
  const entry = { seq: ++run.seq, at, name: entryName(event, run.definition.sagaType), event };
  run.record = applyEntry(before, entry);
  run.entries.push(entry);
  run.definition.onEntry?.(run.record, before);
}

/** Once the verdict is decided, no branch of the body starts anything more. */
export function requireForward({ record }: Run, what: string): void {
  if (!isGoingForward(record)) throw new CancelledFailure(`${what} comes too late: the saga is decided`);
}

export const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
