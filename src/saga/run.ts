/** One saga while it runs. State is per workflow (rule 7), and each group of it is written by the one file that it names. */
import { CancelledFailure, defaultPayloadConverter } from '@temporalio/common';
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { Definition } from './definition.js';
import type { Entry, Repair } from './journal/events.js';
import { blankRecord } from './journal/fold.js';
import type { Decision, ResolveAction, ResolveRequest } from './messages.js';
import { isGoingForward, type End, type SagaRecord } from './record.js';

/**
 * A step that may have to be undone: plain data, so that it can be carried over. The compensation is found by the step's
 * name and gets the same input as the action.
 */
export interface StackEntry {
  readonly step: string;
  readonly input: unknown;
  /** `unknown` from before the call until its answer arrives; a refusal takes the entry off the stack. */
  outcome: 'unknown' | 'applied';
}

/** A call that an operator may steer: its scope can be cut while it runs, and it waits for `pending` while it is blocked. */
export interface SteerableCall {
  readonly allowed: readonly ResolveAction[];
  /** Milliseconds since the epoch: before that an attempt may be under way, and no operator can answer for it. */
  quietFrom: number;
  scope?: CancellationScope;
  pending?: ResolveRequest;
}

/** A request that was accepted, and its decision when there is one. */
export interface RecordedDecision {
  /** The request's fingerprint. */
  readonly content: string;
  /** Milliseconds since the epoch; a later repeat is refused by its `validUntil` anyway. */
  readonly lapsesAt: number;
  decision?: Decision;
}

/** The state that a saga takes into its next run. Plain data. */
export interface CarriedSaga {
  readonly record: SagaRecord;
  readonly seq: number;
  readonly stack: readonly StackEntry[];
  readonly deadlineAt: number;
  readonly decisions: readonly (readonly [id: string, RecordedDecision])[];
  /** The results of finished steps, and approvals: a body that is run again gets these instead of calling again. */
  readonly given: readonly (readonly [step: string, given: { readonly value?: unknown }])[];
  readonly temporalCancel?: 'tooLate';
  /** The verdict that a repair keeps when it undoes effects. */
  readonly keeps?: End;
  /** The first entry of a repair's first run. If `seq` is 0, nothing is known of the saga, and it is recorded as started first. */
  readonly opening?: Readonly<{ type: 'SagaIntervened' } & Repair>;
}

/** The state of one saga, and its definition. */
export type Run = ReturnType<typeof openRun>;

/** A saga's state as it begins, or as it was carried over. Called in the scope that no cancel from outside reaches. */
export function openRun(definition: Definition, carried?: CarriedSaga) {
  const { id, deadline } = definition;
  const seq = carried?.seq ?? 0;
  return {
    definition,
    /** Milliseconds since the epoch. */
    deadlineAt: carried?.deadlineAt ?? workflowInfo().startTime.getTime() + deadline,
    isCarried: carried !== undefined,
    keeps: carried?.keeps,
    /** Written by journal/carry.ts. */
    journal: {
      record: carried?.record ?? blankRecord(id),
      entries: [] as Entry[],
      /** Numbers of entries: of the last one, of the last one that an activity has carried, of the last one known to be stored. */
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
    /** Written by steering.ts. */
    steering: {
      decisions: new Map(carried?.decisions),
      /** Requests that are accepted and not answered yet. */
      open: 0,
      /** Temporal's own cancel came, and started the unwinding; or it came too late for that. */
      temporalCancel: carried?.temporalCancel as 'accepted' | 'tooLate' | undefined,
    },
    /** Written by hand-over.ts. */
    handOver: { isDecided: false },
    /** Written by define-saga.ts. */
    body: {
      given: new Map(carried?.given),
      /** How often this run has asked for each approval. */
      asked: new Map<string, number>(),
      inFlight: new Set<Promise<unknown>>(),
      isEnding: false,
    },
    scopes: {
      /** Cannot be cancelled from outside: the scope in which the saga itself runs. */
      shield: CancellationScope.current(),
      forward: new CancellationScope(),
    },
    /** The saga's state; it says if the saga unwinds, and why. */
    get record(): SagaRecord {
      return this.journal.record;
    },
  };
}

/** The part of the state that the next run needs. */
export const carry = ({ journal, stack, deadlineAt, steering, body, keeps }: Run): CarriedSaga => ({
  record: journal.record,
  seq: journal.seq,
  stack: stack.entries,
  deadlineAt,
  decisions: [...steering.decisions],
  given: [...body.given],
  ...(keeps && { keeps }),
  // Temporal closes a run as *Canceled* only if it was asked to cancel that run.
  ...(steering.temporalCancel === 'tooLate' && { temporalCancel: 'tooLate' }),
});

/**
 * Once the verdict is decided, no branch of the body starts anything more.
 *
 * @throws CancelledFailure which ends the branch
 */
export function requireForward({ record: now }: Run, what: string): void {
  if (!isGoingForward(now)) throw new CancelledFailure(`${what} comes too late: the saga is decided`);
}

/**
 * A value that changes when the run is reset, at that place in its history and so at each replay, because Temporal
 * then gives the run another source of random numbers. (The SDK shows a reset nowhere else.)
 */
export const origin = (): unknown =>
  (globalThis as { readonly __TEMPORAL_ACTIVATOR__?: { readonly random: unknown } }).__TEMPORAL_ACTIVATOR__?.random;

/** A copy as Temporal's converter makes it: later changes that the body makes to its objects change nothing here. */
export const copyOf = <T>(value: T): T => defaultPayloadConverter.fromPayload(defaultPayloadConverter.toPayload(value));

/** Whether a result has fields, to which more can be added, or which can be added to the saga's data. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A time that many milliseconds from now, in ISO 8601. */
export const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
