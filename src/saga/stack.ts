/**
 * The compensation stack: what a step leaves on it, and the reverse walk that undoes what is there.
 *
 *  1. An entry is pushed before its action is called; success marks it applied, a refusal takes it off, an unknown
 *     outcome leaves it on.
 *  2. A compensation is addressed by the action's input, which was known before the action ran.
 *  3. Strictly in reverse order of start, one at a time, after everything that ran in parallel has settled.
 *  4. Each entry leaves the stack with exactly one recorded outcome: compensated, nothing to do, or waived by a named
 *     operator.
 *
 * A compensation that fails blocks until an operator decides; nothing is swallowed (rules 16 and 17).
 */
import { ApplicationFailure } from '@temporalio/common';
import { log, sleep } from '@temporalio/workflow';
import type { Failed } from './attempts.js';
import { failureOf, perform } from './perform.js';
import { CANCEL_REQUESTED } from './record.js';
import { journal, type Run, type StackEntry } from './run.js';
import type { Compensatable, Probe, Step, Undone } from './step.js';
import { closed, closingOf } from './store.js';

/** Takes one step forward. Inputs were checked where the step was run; `never` says that it is any step's. */
export async function act(run: Run, step: Step, input: never, isLast = false): Promise<unknown> {
  const { name, action } = step;
  const closing = isLast ? closingOf(run, step) : undefined;
  const entry: StackEntry = { step: name, input, outcome: 'unknown' };
  let { total } = action.budget;
  if (step.kind === 'compensatable') {
    total = Math.min(total, run.deadlineAt - Date.now());
    if (total <= 0) return failed(run, step, { kind: 'refused', code: 'DeadlineExceeded', attempts: 0 });
    run.stack.push(entry); // before the call: an answer that is lost must still be undone (rule 1)
  }
  const manner = step.kind === 'retriable' ? step.onExhausted : step.kind;
  const answer = await perform(run, manner, name, action, input, { total, closing });
  const hasFailed = step.kind !== 'retriable' && 'code' in answer && answer.code !== 'Cancelled';
  if (hasFailed && run.record.reason !== CANCEL_REQUESTED) run.isSettled = true;
  switch (answer.kind) {
    case 'done':
      entry.outcome = 'applied';
      if (closing) return closed(run, closing, answer.attempts, answer.result);
      return completed(run, name, answer.attempts, answer.result);
    case 'refused':
      run.stack = run.stack.filter((other) => other !== entry);
      return failed(run, step, answer);
    case 'unknown': {
      const isShortened = answer.code === 'StepTimedOut' && total < action.budget.total;
      return failed(run, step, isShortened ? { ...answer, code: 'DeadlineExceeded' } : answer);
    }
    case 'applied': // so an operator says; so with what follows
      return completed(run, name, 0, undefined);
    case 'notApplied':
      return failed(run, step, { kind: 'refused', code: 'NotApplied', attempts: 0 });
    default: // skip
      return undefined;
  }
}

/** Undoes what is on the stack. In a non-cancellable scope: it cannot be interrupted (rule 26). */
export async function unwind(run: Run): Promise<void> {
  for (let entry = run.stack.at(-1); entry; entry = run.stack.at(-1)) {
    const { step: name } = entry;
    const step = run.definition.steps.find((other) => other.name === name);
    if (step?.kind !== 'compensatable') throw new Error(`No compensation is defined for ${name}`);
    await undo(run, step, entry);
    run.stack.pop();
  }
}

async function undo(run: Run, step: Compensatable<never, unknown>, entry: StackEntry): Promise<void> {
  const { name, compensation, probe } = step;
  const input = entry.input as never;
  const compensated = (outcome: Undone['outcome'], attempts: number): void =>
    journal(run, { type: 'SagaCompensationCompleted', step: name, attempts, outcome });
  if (probe && entry.outcome === 'unknown') {
    const found = await ask(run, step, probe, input);
    if (found === 'skip') return;
    if (found === 'notApplied') return compensated('nothingToDo', 0);
    entry.outcome = found;
  }
  const { local } = compensation;
  const answer = await perform(run, 'undo', name, compensation, input, { local });
  if (answer.kind !== 'done') return;
  run.isSettled = true;
  compensated(answer.result.outcome, answer.attempts);
}

/**
 * Asks the participant what became of an action whose outcome is unknown, where it cannot take a blind compensation
 * (rule 9). "None" counts only when it is said again after everything that may still be under way has had its time;
 * asked to no end, an operator answers.
 */
async function ask(
  run: Run,
  { name, action }: Compensatable<never, unknown>,
  probe: Probe<never>,
  input: never,
): Promise<'applied' | 'notApplied' | 'skip'> {
  const processedBy = Date.now() + action.budget.attempt + probe.maximumProcessingTime;
  for (let asked = 0; ; asked++) {
    const total = Math.min(probe.budget.total, Math.max(run.deadlineAt - Date.now(), probe.budget.attempt));
    const answer = await perform(run, 'ask', name, probe, input, { total });
    if (answer.kind === 'skip' || answer.kind === 'notApplied') return answer.kind;
    if (answer.kind === 'applied' || (answer.kind === 'done' && answer.result.effect === 'applied')) return 'applied';
    if (asked > 0) return 'notApplied';
    await sleep(Math.max(1, processedBy - Date.now()));
  }
}

/** What the action answered is kept, and added to the saga's data where it is a record. */
function completed<Result>(run: Run, step: string, attempts: number, result: Result): Result {
  const isRecord = typeof result === 'object' && !Array.isArray(result);
  const { attempts: _, ...idsAndTotals } = (isRecord ? { ...result } : {}) as Record<string, unknown>;
  journal(run, { type: 'SagaStepCompleted', step, attempts, result: idsAndTotals });
  return result;
}

/**
 * The first failure decides why the saga unwinds; what is thrown only ends the body. A retriable step unwinds nothing:
 * it is given up, at once where it is refused, since a stored refusal never changes (rule 8).
 */
function failed(run: Run, { name: step, kind }: Step, failure: Failed): undefined {
  const { code } = failure;
  const event = failureOf('SagaStepStarted', step, failure);
  if (kind !== 'retriable') {
    journal(run, { ...event, unwinds: code });
    throw ApplicationFailure.nonRetryable(code, code);
  }
  journal(run, { ...event, deadLetter: true });
  log.error('A step was given up: a dead letter', { sagaId: run.record.sagaId, step, code });
}
