/** A step on its way forward. */
import { ApplicationFailure, CancelledFailure, type TemporalFailure } from '@temporalio/common';
import { CancellationScope, condition, log } from '@temporalio/workflow';
import {
  attempt,
  failureOf,
  steered,
  type AttemptOptions,
  type Failed,
  type Outcome,
  type Steering,
} from './attempt.js';
import { closingEvents } from './journal.js';
import { hasEnded, isCommitted, isGoingForward, isUnsettled, isUnwinding, verdictOf } from './record.js';
import { endWait, fromNow, journal, type Run, type StackEntry } from './run.js';
import type { Compensatable, Retriable, Step } from './step.js';
import { rest } from './store.js';

/** Keeps what the body does among what must settle before anything is undone (rule 3). */
export function settling<T>(run: Run, act: () => Promise<T>): Promise<T> {
  const running = act().finally(() => run.inFlight.delete(running));
  run.inFlight.add(running);
  // A body may await another step first: what fails meanwhile has been recorded, and is not unheard of.
  running.catch(() => undefined);
  return running;
}

/** Steps come in this order, or the task fails: compensatable ones, at most one pivot, retriable ones (rule 14). */
export async function runStep(run: Run, step: Step, input: never, isLast = false): Promise<unknown> {
  const { name, kind } = step;
  refuseUnlessForward(run, name);
  const known = run.record.steps.find((other) => other.name === name);
  if (known?.status !== 'pending') throw new Error(`${name} has been run before, or is not among the saga's steps`);
  if (kind !== 'retriable' && isCommitted(run.record)) throw new Error(`${name} cannot follow what cannot be undone`);
  if (kind !== 'compensatable' && isUnsettled(run.record)) {
    throw new Error(`${name} cannot be undone: nothing may run beside it that can still fail`);
  }
  if (kind === 'compensatable') return runCompensatable(run, step, input);
  return CancellationScope.nonCancellable(async () => {
    if (isLast && kind === 'retriable') return runLast(run, step, input);
    if (kind === 'retriable' && step.onExhausted === 'deadLetter') return runDeadLetter(run, step, input);
    return runSteered(run, step, input);
  });
}

/** Once the verdict is decided, no branch of the body starts anything more. */
function refuseUnlessForward(run: Run, what: string): void {
  if (!isGoingForward(run.record)) throw new CancelledFailure(`${what} comes too late: the saga is decided`);
}

async function runCompensatable(run: Run, step: Compensatable<never, unknown>, input: never): Promise<unknown> {
  const { name, action } = step;
  const total = Math.min(action.budget.total, run.deadlineAt - Date.now());
  if (total <= 0) throw fail(run, name, { kind: 'refused', code: 'DeadlineExceeded', attempts: 0 });
  const entry: StackEntry = { step: name, input, outcome: 'unknown' };
  run.stack.push(entry); // before the call: an answer that is lost must still be undone (rule 1)
  const outcome = await schedule(run, step, input, { total });
  if (outcome.kind === 'done') {
    entry.outcome = 'applied';
    return completed(run, name, outcome);
  }
  if (outcome.kind === 'refused') run.stack.splice(run.stack.indexOf(entry), 1);
  const shortened = outcome.code === 'StepTimedOut' && total < action.budget.total;
  throw fail(run, name, shortened ? { ...outcome, code: 'DeadlineExceeded' } : outcome);
}

/** An action that no operator can steer. */
function schedule(run: Run, { name, action }: Step, input: never, options: AttemptOptions): Promise<Outcome<unknown>> {
  const { total = action.budget.total } = options;
  journal(run, { type: 'SagaStepStarted', step: name, timeoutAt: fromNow(total) });
  return attempt(run, action, input, options);
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

const STEERING: Readonly<Record<'pivot' | 'retriable', Steering>> = {
  pivot: { way: 'act', allowed: ['retry', 'block', 'applied', 'notApplied'], final: ['refused'] },
  retriable: { way: 'act', allowed: ['retry', 'skip', 'block', 'applied'] },
};

/** A pivot, or a retriable step that blocks: neither is undone by its own failure. */
async function runSteered(run: Run, step: Exclude<Step, { kind: 'compensatable' }>, input: never): Promise<unknown> {
  const { name, kind, action } = step;
  const answer = await steered(run, name, action, input, STEERING[kind]);
  if (answer.kind === 'done') return completed(run, name, answer);
  if (answer.kind !== 'answered') throw fail(run, name, answer);
  if (answer.action === 'applied') return completed(run, name, { attempts: 0, result: undefined });
  if (answer.action === 'skip') return undefined;
  throw fail(run, name, { kind: 'refused', code: 'NotApplied', attempts: 0 });
}

/** A stored refusal never changes, so that it is given up at once, too (rule 8). */
async function runDeadLetter(run: Run, step: Retriable<never, unknown>, input: never): Promise<unknown> {
  const outcome = await schedule(run, step, input, {});
  if (outcome.kind === 'done') return completed(run, step.name, outcome);
  return giveUp(run, step.name, outcome);
}

function giveUp(run: Run, step: string, failure: Failed): void {
  journal(run, { ...failureOf('act', step, failure), deadLetter: true });
  log.error('A step was given up: a dead letter', { sagaId: run.record.sagaId, step, code: failure.code });
}

/**
 * The saga's last step: with its success the saga has ended, and the verdict travels with the call (rule 28). What is
 * given up becomes a dead letter, and the saga ends after it.
 */
export async function runLast(run: Run, step: Retriable<never, unknown>, input: never): Promise<void> {
  const { name, onExhausted } = step;
  if (onExhausted !== 'deadLetter' || run.inFlight.size > 0 || hasEnded(run.record)) {
    throw new Error(`${name} cannot be the last step: it may block, or is not the only one, or the saga has ended`);
  }
  const closing = { step: name, ...verdictOf(run.record) };
  const outcome = await schedule(run, step, input, { closing });
  if (outcome.kind !== 'done') return giveUp(run, name, outcome);
  const { closedAt }: { closedAt?: string } = Object(outcome.result);
  for (const event of closingEvents(closing, outcome.attempts)) journal(run, event, closedAt);
  if (closedAt !== undefined) run.stored = run.seq;
}

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  refuseUnlessForward(run, approval);
  if (isCommitted(run.record)) throw new Error(`${approval}: an approval cannot follow what cannot be undone`);
  if (run.record.waitingFor) throw new Error(`${approval}: one approval is awaited at a time`);
  const left = run.deadlineAt - Date.now();
  const limit = Math.max(1, Math.min(timeout, left));
  journal(run, { type: 'SagaWaitStarted', approval, until: fromNow(limit) });
  void rest(run);
  // A cancel ends the wait by the condition, not by an exception, so that its end is always recorded.
  const isOver = (): boolean => !run.record.waitingFor || isUnwinding(run.record);
  await CancellationScope.nonCancellable(() => condition(isOver, limit));
  endWait(run, isUnwinding(run.record) ? 'cancelled' : left < timeout ? 'deadlineExceeded' : 'expired');
  refuseUnlessForward(run, approval);
}
