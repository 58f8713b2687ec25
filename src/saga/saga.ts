/**
 * Sagas on Temporal that either finish or are undone correctly: `runSaga`, and the three kinds of steps.
 * The model and what it demands of a participant are in docs/saga.md.
 */
import { CancelledFailure, TemporalFailure, ApplicationFailure } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, log, workflowInfo } from '@temporalio/workflow';
import { awaitApproval, runRetriable, runStep } from './forward.js';
import { isCancellable, offerMessages, type SagaMessages, type SteeringRequest } from './intervention.js';
import { blankRecord } from './journal.js';
import type { SagaOutcome, SagaRecord } from './record.js';
import { journal, type Run } from './run.js';
import type { Compensatable, Pivot, Retriable, Step } from './step.js';
import { unwind } from './unwind.js';

export { compensatable, pivot, retriable } from './step.js';
export type { Budget, Call, Compensatable, Pivot, Probe, Retriable, Step, Undone } from './step.js';
export type {
  Decision,
  RefusalCode,
  ResolveAction,
  ResolveRequest,
  SagaMessages,
  SteeringRequest,
} from './intervention.js';
export type { JournalEntry, SagaEvent } from './journal.js';
export type { SagaOutcome, SagaRecord, SagaState, StepRecord, StepStatus, Verdict, Waiver } from './record.js';

/** What the body of a saga can do. */
export interface Saga {
  /** Runs a step. What it throws ends the body: let it pass. */
  run<Input, Result>(step: Compensatable<Input, Result>, input: Input): Promise<Result>;
  /** `undefined` where no result is known: an operator answered for the step, or it became a dead letter. */
  run<Input, Result>(step: Pivot<Input, Result> | Retriable<Input, Result>, input: Input): Promise<Result | undefined>;
  /** Waits for an Update `approve`; rejected or expired, the saga unwinds. `timeout` is in milliseconds. */
  awaitApproval(approval: string, timeout: number): Promise<void>;
}

/** Runs a retriable step; see `Saga.run`. */
export type RunRetriable = <Input, Result>(step: Retriable<Input, Result>, input: Input) => Promise<Result | undefined>;

export interface SagaDefinition {
  readonly sagaType: string;
  readonly sagaId: string;
  /** Ids and totals that the saga starts with; results of steps are added. Never personal data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Every step that the body may run: compensations are found here by name. */
  readonly steps: readonly Step[];
  /** Milliseconds from the start of the first run; shortens compensatable actions, their probes and approvals only. */
  readonly deadline: number;
  readonly messages: SagaMessages;
  /** Runs after the last compensation, before the verdict is final: a notice, say. Retriable steps only. */
  readonly afterUnwinding?: (run: RunRetriable) => Promise<unknown>;
  /** Called after each transition, to show it somewhere: search attributes, current details. Must not wait. */
  readonly onEntry?: (record: SagaRecord, before: SagaRecord) => void;
  /** Continues the workflow as new with what is carried over, where a saga stays blocked in unwinding for long. */
  readonly continueAsNew: (carried: CarriedSaga) => Promise<never>;
  /** Events in the history after which a blocked saga is continued as new; the server's own suggestion counts as well. */
  readonly historyLimit?: number;
}

/** What a blocked saga takes into its next run. Plain data. */
export interface CarriedSaga extends Pick<Run, 'record' | 'seq' | 'stack' | 'deadlineAt' | 'decisions'> {
  readonly verdict: NonNullable<Run['verdict']>;
}

/**
 * Runs `body` step by step. If it fails or is cancelled, everything on the stack is undone in reverse, and the outcome
 * says which it was; a business refusal is an outcome, not an error. Resolves when the saga has ended and its message
 * handlers have finished.
 *
 * @throws CancelledFailure where Temporal's own cancel started the unwinding, so that Temporal shows *Canceled*
 */
export async function runSaga(
  definition: SagaDefinition,
  body: (saga: Saga) => Promise<unknown>,
  carried?: CarriedSaga,
): Promise<SagaOutcome> {
  const { cancelRequested } = CancellationScope.current();
  let cancelledByTemporal = false;
  // Nothing in here is cancelled from outside: Temporal's cancel is passed on only while it can be acted on (rule 27).
  return CancellationScope.nonCancellable(async () => {
    const run = openRun(definition, carried);
    cancelRequested.catch(() => {
      if (!isCancellable(run)) return log.warn('A cancel came when nothing could be undone any more; the saga goes on');
      cancelledByTemporal = true;
      acceptCancel(run, 'temporal', { actor: 'temporal', reason: 'The workflow was cancelled in Temporal' });
    });
    offerMessages(run, definition.messages, (request) => acceptCancel(run, 'update', request));
    if (!carried) await goForward(run, definition, body);
    if (run.verdict) await goBack(run, definition);
    const { state, reason } = run.verdict ?? { state: 'COMPLETED', reason: null };
    run.ended = true;
    journal(run, { type: 'SagaEnded', state, reason });
    await condition(allHandlersFinished);
    if (cancelledByTemporal) throw new CancelledFailure('The saga was cancelled and undone');
    const { data, waivers, deadLetters } = run.record;
    return { state, reason, data, waivers, deadLetters };
  });
}

async function goForward(run: Run, definition: SagaDefinition, body: (saga: Saga) => Promise<unknown>): Promise<void> {
  const { sagaType, data, steps } = definition;
  journal(run, { type: 'SagaStarted', sagaType, data, steps: steps.map(({ name, kind }) => ({ name, kind })) });
  const saga: Saga = {
    // Steps were typed where they were defined, and results come back to where they are awaited.
    run: (step: Step, input: unknown) => runStep(run, step, input as never) as Promise<never>,
    awaitApproval: (approval, timeout) => awaitApproval(run, approval, timeout),
  };
  try {
    await run.forward.run(() => body(saga));
  } catch (error) {
    // A programming error undoes nothing: it fails the workflow task and goes on after the repaired release (rule 13).
    if (!(error instanceof TemporalFailure)) throw error;
    const reason = (error instanceof ApplicationFailure && error.type) || 'Failed';
    run.verdict ??= { state: 'FAILED', reason };
  }
  // Parallel steps settle before the first of them is undone (rule 3).
  while (run.inFlight.size > 0) await Promise.allSettled(run.inFlight);
}

async function goBack(run: Run, { steps, afterUnwinding }: SagaDefinition): Promise<void> {
  await unwind(run, steps);
  await afterUnwinding?.((step, input) => runRetriable(run, step, input as never) as Promise<never>);
}

function acceptCancel(
  run: Run,
  by: 'update' | 'temporal',
  { actor, reason }: Omit<SteeringRequest, 'validUntil'>,
): void {
  run.verdict = { state: 'CANCELLED', reason: 'CancelRequested' };
  journal(run, { type: 'SagaCancelAccepted', by, actor, reason });
  run.forward.cancel();
}

function openRun(definition: SagaDefinition, carried?: CarriedSaga): Run {
  const run: Run = {
    record: carried?.record ?? blankRecord(definition.sagaId),
    entries: [],
    seq: carried?.seq ?? 0,
    stack: [...(carried?.stack ?? [])],
    deadlineAt: carried?.deadlineAt ?? workflowInfo().startTime.getTime() + definition.deadline,
    ...(carried && { verdict: carried.verdict }),
    pivoted: false,
    ended: false,
    handingOver: false,
    forward: new CancellationScope(),
    inFlight: new Set(),
    desks: new Map(),
    decisions: { ...carried?.decisions },
    onEntry: (record, before) => definition.onEntry?.(record, before),
    // Only while blocked in unwinding: there the stack, and nothing of the body, says what is left to do.
    mustHandOver: () => !!run.verdict && run.stack.length > 0 && isHistoryLong(definition.historyLimit),
    handOver: async () => {
      run.handingOver = true;
      await condition(allHandlersFinished);
      const { record, seq, stack, deadlineAt, decisions, verdict } = run;
      if (verdict) await definition.continueAsNew({ record, seq, stack, deadlineAt, decisions, verdict });
    },
  };
  return run;
}

const isHistoryLong = (limit = Infinity): boolean =>
  workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= limit;
