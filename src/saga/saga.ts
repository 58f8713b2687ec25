/**
 * Sagas on Temporal that either finish or are undone correctly: `runSaga`, and the three kinds of steps.
 * The model and what it demands of a participant are in docs/saga.md.
 */
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, log } from '@temporalio/workflow';
import { requireOwnWorkflow } from './identity.js';
import { acceptCancel, awaitApproval, cancelProblem, offerMessages } from './intervention.js';
import {
  CANCEL_REQUESTED,
  hasEnded,
  isCommitted,
  isUnsettled,
  verdictOf,
  type SagaOutcome,
  type Verdict,
} from './record.js';
import { journal, openRun, requireForward } from './run.js';
import type { CarriedSaga, Run, RunLast, SagaDefinition } from './run.js';
import { act, unwind } from './stack.js';
import type { Compensatable, Pivot, Retriable, Step } from './step.js';
import { isStored, rest } from './store.js';

export { refuseSaga } from './identity.js';
export { compensatable, pivot, retriable } from './step.js';
export type { Budget, Call, Compensatable, Pivot, Probe, Retriable, Step, Undone } from './step.js';
export { approve, cancelSaga, getSagaJournal, getSagaState, reject, resolveStep, SAGA_REFUSED } from './messages.js';
export type { Decision, RefusalCode, SagaMessages } from './messages.js';
export type { ResolveAction, ResolveRequest, SteeringRequest } from './messages.js';
export type { JournalEntry, JournalHeader, SagaEvent, SentEntry } from './journal.js';
export type { SagaOutcome, SagaRecord, SagaState, StepRecord, StepStatus, Verdict, Waiver } from './record.js';
export type { CarriedSaga, RunLast, SagaDefinition } from './run.js';
export { journalInterceptor, type StoreJournal } from './store.js';

/** What the body of a saga can do. */
export interface Saga {
  /** Runs a step, once. What it throws ends the body: let it pass. */
  run<Input, Result>(step: Compensatable<Input, Result>, input: Input): Promise<Result>;
  /** `undefined` where no result is known: an operator answered for the step, or it became a dead letter. */
  run<Input, Result>(step: Pivot<Input, Result> | Retriable<Input, Result>, input: Input): Promise<Result | undefined>;
  /**
   * Runs the step with which the saga completes: nothing may run beside it or after it. The verdict is stored with it, so
   * that a journal costs no action more. Optional; a saga also ends with its body.
   */
  last: RunLast;
  /** Waits for an Update `approve`; rejected or expired, the saga unwinds. `timeout` is in milliseconds. */
  awaitApproval(approval: string, timeout: number): Promise<void>;
}

/**
 * Runs `body` step by step. If it fails or is cancelled, everything on the stack is undone in reverse, and the outcome
 * says which it was; a business refusal is an outcome, not an error. Resolves when the saga has ended and its message
 * handlers have finished.
 *
 * @throws CancelledFailure where Temporal's own cancel started the unwinding, so that Temporal shows *Canceled*
 * @throws ApplicationFailure `SagaRefused` before anything else, if the saga's id is not the workflow's id (rule 19)
 */
export async function runSaga(
  definition: SagaDefinition,
  body: (saga: Saga) => Promise<unknown>,
  carried?: CarriedSaga,
): Promise<SagaOutcome> {
  requireOwnWorkflow(definition, carried);
  const { cancelRequested, consideredCancelled } = CancellationScope.current();
  let cancelledByTemporal = false;
  let cancelledTooLate = false;
  // Nothing in here is cancelled from outside: Temporal's cancel is passed on only while it can be acted on (rule 27).
  return CancellationScope.nonCancellable(async () => {
    const run = openRun(definition, carried);
    const onCancel = (): void => {
      cancelledTooLate = cancelProblem(run) !== undefined;
      cancelledByTemporal = !cancelledTooLate;
      const who = { actor: 'temporal', reason: 'The workflow was cancelled in Temporal' };
      if (cancelledByTemporal) acceptCancel(run, 'temporal', who);
      else log.warn('A cancel came too late to be acted on: the saga goes on', { sagaId: definition.sagaId });
    };
    if (consideredCancelled) onCancel();
    else cancelRequested.catch(onCancel);
    // A blocked saga that is carried over is at its desk before the requests that waited meanwhile are looked at.
    const goingBack = carried && goBack(run);
    offerMessages(run);
    await (goingBack ?? goForward(run, body));
    await handlersFinished();
    if (cancelledByTemporal) throw new CancelledFailure('The saga was cancelled and undone');
    const { state, reason, data, waivers, deadLetters } = run.record;
    const outcome = { state: state as Verdict, reason, data, waivers, deadLetters };
    return { ...outcome, ...(cancelledTooLate && { cancelledTooLate }) };
  });
}

async function goForward(run: Run, body: (saga: Saga) => Promise<unknown>): Promise<void> {
  const saga: Saga = {
    // Steps were typed where they were defined, and results come back to where they are awaited.
    run: (step: Step, input: unknown) => settling(run, () => runStep(run, step, input as never)) as Promise<never>,
    last: (step, input) => settling(run, () => runStep(run, step, input as never, true)) as Promise<never>,
    awaitApproval: (approval, timeout) => settling(run, () => awaitApproval(run, approval, timeout)),
  };
  try {
    await run.forward.run(() => body(saga));
  } catch (error) {
    bodyFailed(run, error);
  }
  // Parallel steps settle before the first of them is undone (rule 3).
  while (run.inFlight.size > 0) await Promise.allSettled(run.inFlight);
  // Whoever asked for the cancel has the answer before the first step back: so it is in every history.
  if (run.record.reason === CANCEL_REQUESTED) await handlersFinished();
  // At once: a branch of the body that nobody awaits must not start anything in between (rule 28).
  await (run.record.state === 'COMPENSATING' ? goBack(run) : end(run));
}

async function handlersFinished(): Promise<void> {
  if (!allHandlersFinished()) await condition(allHandlersFinished);
}

/** Keeps what the body does among what must settle before anything is undone (rule 3). */
function settling<T>(run: Run, start: () => Promise<T>): Promise<T> {
  let running: Promise<T>;
  try {
    running = start();
  } catch (error) {
    running = Promise.reject(error);
  }
  const settled = (): boolean => run.inFlight.delete(running);
  run.inFlight.add(running);
  // A body may await another step first: what fails meanwhile has been recorded, and is not unheard of.
  running.then(settled, settled);
  return running;
}

/** Steps come in this order, or the task fails: compensatable ones, at most one pivot, retriable ones (rule 14). */
function runStep(run: Run, step: Step, input: never, isLast = false): Promise<unknown> {
  const { name, kind } = step;
  requireForward(run, name);
  const known = run.record.steps.find((other) => other.name === name);
  if (known?.status !== 'pending') throw new Error(`${name} has been run before, or is not among the saga's steps`);
  if (kind !== 'retriable' && isCommitted(run.record)) throw new Error(`${name} cannot follow what cannot be undone`);
  if (kind === 'compensatable') return act(run, step, input);
  if (isUnsettled(run.record)) {
    throw new Error(`${name} cannot be undone: nothing may run beside it that can still fail`);
  }
  return run.shield.run(() => act(run, step, input, isLast));
}

/** A programming error undoes nothing: it fails the workflow task and goes on after the repaired release (rule 13). */
function bodyFailed(run: Run, error: unknown): void {
  const isBug = !(error instanceof TemporalFailure);
  if (run.record.state === 'COMPENSATING') {
    // What a step throws may come wrapped; a bug in the body's clean-up must not keep the rest from being undone.
    if (isBug) log.error('The body of a saga that unwinds has failed', { error });
    return;
  }
  if (isBug) throw error;
  if (isCommitted(run.record)) throw new Error('The body failed where a saga only goes forward', { cause: error });
  const code = (error instanceof ApplicationFailure && error.type) || error.name;
  journal(run, { type: 'SagaStepFailed', step: 'body', attempts: 1, code, unwinds: code });
}

async function goBack(run: Run): Promise<void> {
  await unwind(run);
  try {
    await run.definition.afterUnwinding?.(async (step, input) => void (await act(run, step, input as never, true)));
  } catch (error) {
    // As it stands it would close the workflow without a verdict; this way the task fails, and alarms.
    throw error instanceof TemporalFailure ? new Error('afterUnwinding has failed', { cause: error }) : error;
  }
  await end(run);
}

/** The verdict is decided in the turn of the call; the run stays open until the last of its journal is stored. */
async function end(run: Run): Promise<void> {
  if (!hasEnded(run.record)) journal(run, { type: 'SagaEnded', ...verdictOf(run.record) });
  if (isStored(run) && !run.storing) return;
  await rest(run);
  await run.storing;
}
