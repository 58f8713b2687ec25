/** A step on its way forward. */
import { ApplicationFailure, CancelledFailure, type TemporalFailure } from '@temporalio/common';
import { CancellationScope, condition, log } from '@temporalio/workflow';
import { attempt, failureOf, steered, type Failed, type Steering } from './attempt.js';
import { isPastPivot, isUnwinding } from './record.js';
import { endWait, fromNow, journal, type Run, type StackEntry } from './run.js';
import type { Compensatable, Pivot, Retriable, Step } from './step.js';

/** Keeps what the body does among what must settle before anything is undone (rule 3). */
export function settling<T>(run: Run, act: () => Promise<T>): Promise<T> {
  const running = act().finally(() => run.inFlight.delete(running));
  run.inFlight.add(running);
  return running;
}

export async function runStep(run: Run, step: Step, input: never): Promise<unknown> {
  const { name } = step;
  refuseWhileUnwinding(run, name);
  const known = run.record.steps.find((other) => other.name === name);
  if (known?.status !== 'pending') throw new Error(`${name} has been run before, or is not among the saga's steps`);
  if (step.kind === 'compensatable') return runCompensatable(run, step, input);
  if (step.kind === 'pivot' && run.inFlight.size > 0) throw new Error(`${name} is a pivot: nothing runs beside it`);
  return CancellationScope.nonCancellable(() => runForward(run, step, input));
}

/** Once the verdict is decided, no branch of the body starts anything more. */
function refuseWhileUnwinding(run: Run, what: string): void {
  if (isUnwinding(run.record)) throw new CancelledFailure(`${what} comes too late: the saga unwinds`);
}

async function runCompensatable(run: Run, step: Compensatable<never, unknown>, input: never): Promise<unknown> {
  const { name, action } = step;
  if (isPastPivot(run.record)) throw new Error(`${name} can be undone, so it cannot follow a pivot`);
  const total = Math.min(action.budget.total, run.deadlineAt - Date.now());
  if (total <= 0) throw fail(run, name, { kind: 'refused', code: 'DeadlineExceeded', attempts: 0 });
  const entry: StackEntry = { step: name, input, outcome: 'unknown' };
  run.stack.push(entry); // before the call: an answer that is lost must still be undone (rule 1)
  journal(run, { type: 'SagaStepStarted', step: name, timeoutAt: fromNow(total) });
  const outcome = await attempt(action, input, { total });
  if (outcome.kind === 'done') {
    entry.outcome = 'applied';
    return completed(run, name, outcome);
  }
  if (outcome.kind === 'refused') run.stack.splice(run.stack.indexOf(entry), 1);
  const shortened = outcome.code === 'StepTimedOut' && total < action.budget.total;
  throw fail(run, name, shortened ? { ...outcome, code: 'DeadlineExceeded' } : outcome);
}

function completed<Result>(run: Run, step: string, { attempts, result }: { attempts: number; result: Result }): Result {
  const isRecord = typeof result === 'object' && !Array.isArray(result);
  const { attempts: _, ...idsAndTotals } = (isRecord ? { ...result } : {}) as Record<string, unknown>;
  journal(run, { type: 'SagaStepCompleted', step, attempts, result: idsAndTotals });
  return result;
}

/** The first failure decides why the saga unwinds; what is thrown only ends the body. */
function fail(run: Run, step: string, failure: Failed): TemporalFailure {
  const { code } = failure;
  journal(run, { ...failureOf('act', step, failure), unwinds: code });
  return ApplicationFailure.nonRetryable(code, code);
}

const STEERING: Readonly<Record<'pivot' | Retriable<never, unknown>['onExhausted'], Steering>> = {
  pivot: { way: 'act', allowed: ['retry', 'block', 'applied', 'notApplied'], final: ['refused'] },
  block: { way: 'act', allowed: ['retry', 'skip', 'block', 'applied'] },
  deadLetter: { way: 'act', allowed: [], final: ['refused', 'unknown'] },
};

/** A pivot or a retriable step: neither is undone. A stored refusal never changes, so it is final at once (rule 8). */
export async function runForward(
  run: Run,
  step: Pivot<never, unknown> | Retriable<never, unknown>,
  input: never,
): Promise<unknown> {
  const { name, action } = step;
  const isPivot = step.kind === 'pivot';
  const answer = await steered(run, name, action, input, STEERING[isPivot ? 'pivot' : step.onExhausted]);
  if (answer.kind === 'done') return completed(run, name, answer);
  if (answer.kind === 'answered') {
    if (answer.action === 'applied') return completed(run, name, { attempts: 0, result: undefined });
    if (answer.action === 'skip') return undefined;
    throw fail(run, name, { kind: 'refused', code: 'NotApplied', attempts: 0 });
  }
  if (isPivot) throw fail(run, name, answer);
  journal(run, { ...failureOf('act', name, answer), deadLetter: true });
  log.error('A step was given up: a dead letter', { sagaId: run.record.sagaId, step: name, code: answer.code });
  return undefined;
}

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  refuseWhileUnwinding(run, approval);
  if (run.record.waitingFor) throw new Error(`${approval}: one approval is awaited at a time`);
  const left = run.deadlineAt - Date.now();
  const limit = Math.max(1, Math.min(timeout, left));
  journal(run, { type: 'SagaWaitStarted', approval, until: fromNow(limit) });
  // A cancel ends the wait by the condition, not by an exception, so that its end is always recorded.
  const isOver = (): boolean => !run.record.waitingFor || isUnwinding(run.record);
  await CancellationScope.nonCancellable(() => condition(isOver, limit));
  endWait(run, isUnwinding(run.record) ? 'cancelled' : left < timeout ? 'deadlineExceeded' : 'expired');
  refuseWhileUnwinding(run, approval);
}
