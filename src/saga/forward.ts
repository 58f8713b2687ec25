/** A step on its way forward. */
import { ApplicationFailure, CancelledFailure, type TemporalFailure } from '@temporalio/common';
import { CancellationScope, condition } from '@temporalio/workflow';
import { attempt, steered } from './attempt.js';
import { journal, type Run, type StackEntry } from './run.js';
import type { Compensatable, Pivot, Retriable, Step } from './step.js';

/** Runs a step and keeps it among those that must settle before anything is undone (rule 3). */
export function runStep(run: Run, step: Step, input: never): Promise<unknown> {
  const running = start(run, step, input).finally(() => run.inFlight.delete(running));
  run.inFlight.add(running);
  return running;
}

async function start(run: Run, step: Step, input: never): Promise<unknown> {
  // Once the verdict is decided, no branch of the body starts anything more.
  if (run.verdict) throw new CancelledFailure(`${step.name} was not started: the saga unwinds`);
  if (step.kind === 'compensatable') return runCompensatable(run, step, input);
  return CancellationScope.nonCancellable(() =>
    step.kind === 'pivot' ? runPivot(run, step, input) : runRetriable(run, step, input),
  );
}

async function runCompensatable(run: Run, step: Compensatable<never, unknown>, input: never): Promise<unknown> {
  const { name, action } = step;
  if (run.pivoted) throw new Error(`${name} can be undone, so it cannot follow a pivot`);
  const remaining = run.deadlineAt - Date.now();
  if (remaining <= 0) {
    journal(run, { type: 'SagaStepFailed', step: name, attempts: 0, code: 'DeadlineExceeded' });
    throw fail(run, 'DeadlineExceeded');
  }
  const entry: StackEntry = { step: name, input, outcome: 'unknown' };
  run.stack.push(entry); // before the call: an answer that is lost must still be undone (rule 1)
  const total = Math.min(action.budget.total, remaining);
  journal(run, { type: 'SagaStepStarted', step: name, timeoutAt: new Date(Date.now() + total).toISOString() });
  const outcome = await attempt(action, input, { total });
  const { attempts } = outcome;
  if (outcome.kind === 'done') {
    entry.outcome = 'applied';
    journal(run, { type: 'SagaStepCompleted', step: name, attempts, result: outcome.result });
    return outcome.result;
  }
  if (outcome.kind === 'refused') {
    run.stack.splice(run.stack.indexOf(entry), 1);
    journal(run, { type: 'SagaStepFailed', step: name, attempts, code: outcome.code });
    throw fail(run, outcome.code);
  }
  const timedOut = outcome.code === 'StepTimedOut';
  const code = timedOut && total < action.budget.total ? 'DeadlineExceeded' : outcome.code;
  journal(run, { type: timedOut ? 'SagaStepTimedOut' : 'SagaStepUnknown', step: name, attempts, code });
  throw fail(run, code);
}

/** The first failure decides the verdict; what is thrown only ends the body. */
function fail(run: Run, code: string): TemporalFailure {
  run.verdict ??= { state: 'FAILED', reason: code };
  return ApplicationFailure.nonRetryable(code, code);
}

async function runPivot(run: Run, step: Pivot<never, unknown>, input: never): Promise<unknown> {
  const { name, action } = step;
  if (run.inFlight.size > 1) throw new Error(`${name} is a pivot, so it cannot run beside other steps`);
  run.pivoted = true; // from its scheduling on a cancel is refused (rule 14)
  const answer = await steered(run, name, action, input, {
    allowed: ['retry', 'block', 'applied', 'notApplied'],
    onStart: (timeoutAt) => journal(run, { type: 'SagaStepStarted', step: name, timeoutAt }),
    endsWith: ({ kind }) => kind === 'refused',
  });
  const { attempts } = answer.kind === 'answered' ? { attempts: 0 } : answer;
  if (answer.kind === 'refused' || (answer.kind === 'answered' && answer.action === 'notApplied')) {
    const code = answer.kind === 'refused' ? answer.code : 'NotApplied';
    journal(run, { type: 'SagaStepFailed', step: name, attempts, code });
    throw fail(run, code);
  }
  const result = answer.kind === 'done' ? answer.result : undefined;
  journal(run, { type: 'SagaStepCompleted', step: name, attempts, result });
  return result;
}

/** Runs to success or to `onExhausted`; a stored refusal never changes, so it exhausts the step at once (rule 8). */
export async function runRetriable(run: Run, step: Retriable<never, unknown>, input: never): Promise<unknown> {
  const { name, action } = step;
  const onStart = (timeoutAt: string): void => journal(run, { type: 'SagaStepStarted', step: name, timeoutAt });
  const answer = await steered(run, name, action, input, {
    onStart,
    ...(step.onExhausted === 'block'
      ? { allowed: ['retry', 'skip', 'block', 'applied'] }
      : { allowed: [], endsWith: () => true }),
  });
  if (answer.kind === 'answered' && answer.action === 'skip') return undefined;
  if (answer.kind === 'refused' || answer.kind === 'unknown') {
    const { attempts, code } = answer;
    journal(run, { type: 'SagaStepFailed', step: name, attempts, code, deadLetter: true });
    return undefined;
  }
  const { attempts, result } = answer.kind === 'done' ? answer : { attempts: 0, result: undefined };
  journal(run, { type: 'SagaStepCompleted', step: name, attempts, result });
  return result;
}

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer; anything but a yes unwinds. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  if (run.verdict) throw new CancelledFailure(`${approval} is not awaited: the saga unwinds`);
  const wait = Math.max(0, Math.min(timeout, run.deadlineAt - Date.now()));
  journal(run, { type: 'SagaWaitStarted', approval, until: new Date(Date.now() + wait).toISOString() });
  // Both ways of ending early are conditions, not exceptions, so that the end of the wait is always recorded.
  await CancellationScope.nonCancellable(() => condition(() => !!run.approval || !!run.verdict, wait));
  if (run.verdict) {
    journal(run, { type: 'SagaWaitEnded', approval, answer: 'cancelled' });
    throw new CancelledFailure(`${approval} is not awaited any more: the saga unwinds`);
  }
  if (!run.approval) {
    const expired = wait < timeout ? 'DeadlineExceeded' : 'ApprovalExpired';
    journal(run, { type: 'SagaWaitEnded', approval, answer: wait < timeout ? 'deadlineExceeded' : 'expired' });
    throw fail(run, expired);
  }
  const { answer, request } = run.approval;
  delete run.approval;
  journal(run, { type: 'SagaWaitEnded', approval, answer, actor: request.actor, reason: request.reason });
  if (answer === 'rejected') throw fail(run, 'ApprovalRejected');
}
