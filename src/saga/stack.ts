/**
 * The compensation stack: the entry that a step leaves on it, and the reverse walk that undoes it.
 *
 *  1. An entry is pushed before its action is called; success marks it applied, a refusal takes it off, an unknown
 *     outcome leaves it on.
 *  2. A compensation is addressed by the action's input as it was before the action ran.
 *  3. Strictly in reverse order of start, one at a time, after everything that ran in parallel has settled.
 *  4. Each entry leaves the stack with exactly one recorded outcome: compensated, nothing to do, or waived by a named
 *     operator.
 *
 * A compensation that fails blocks until an operator decides; nothing is swallowed (rules 16 and 17).
 */
import { ApplicationFailure } from '@temporalio/common';
import { log } from '@temporalio/workflow';
import { failureOf, perform, type Failed } from './call.js';
import { close, closingOf, record } from './journal/carry.js';
import type { Closing } from './journal/events.js';
import { isGoingForward } from './record.js';
import { copyOf, isRecord, origin, requireForward, type Run, type StackEntry } from './run.js';
import type { Compensatable, Probe, Step, Undone } from './step.js';

/** Runs one step forward. Its input was checked in `saga.run`; `never` accepts the input of any step. */
export async function act(run: Run, step: Step, original: never, isLast = false): Promise<unknown> {
  const { stack, deadlineAt } = run;
  const closing = isLast ? closingOf(run, step) : undefined;
  if (stack.origin !== origin() && isGoingForward(run.record)) {
    stack.origin = origin();
    stack.confirming = confirm(run);
  }
  if (stack.confirming && isGoingForward(run.record)) {
    await stack.confirming;
    requireForward(run, step.name);
  }
  if (step.kind !== 'compensatable') return take(run, step, original, closing);
  if (deadlineAt <= Date.now()) return failed(run, step, { kind: 'refused', code: 'DeadlineExceeded', attempts: 0 });
  // Pushed before the call, because a lost answer must still be undone (rule 1). A body that runs again finds its
  // entry.
  let entry = stack.entries.find((other) => other.step === step.name);
  if (!entry) stack.entries.push((entry = { step: step.name, input: copyOf<unknown>(original), outcome: 'unknown' }));
  return take(run, step, entry.input as never);
}

async function take(run: Run, step: Step, input: never, closing?: Closing): Promise<unknown> {
  const { name, kind, action } = step;
  const { stack } = run;
  const manner = kind === 'retriable' ? step.onExhausted : kind;
  const answer = await perform(run, { manner, step: name, call: action, input, closing });
  if (answer.kind === 'refused') stack.entries = stack.entries.filter((other) => other.step !== name);
  if (answer.kind === 'refused' || answer.kind === 'unknown') return failed(run, step, answer);
  // The next three are an operator's answers.
  if (answer.kind === 'notApplied') return failed(run, step, { kind: 'refused', code: 'NotApplied', attempts: 0 });
  if (answer.kind === 'applied') return completed(run, name, 0, undefined);
  if (answer.kind !== 'done') return undefined;
  const entry = stack.entries.find((other) => other.step === name);
  if (entry) entry.outcome = 'applied';
  if (closing) return close(run, closing, answer.attempts, answer.closedAt);
  return completed(run, name, answer.attempts, answer.result);
}

/**
 * The effects of a run that was reset may have been undone before the reset. So each step on the stack is called once
 * more before the run goes on. An effect that stands answers as before; one that was undone is refused, and the saga
 * unwinds (rule 27).
 */
async function confirm(run: Run): Promise<void> {
  for (const { step: name, input, outcome } of run.stack.entries) {
    const step = run.definition.steps.find((other) => other.name === name);
    if (step && outcome === 'applied') await take(run, step, input as never);
  }
  run.stack.confirming = undefined;
}

/** Undoes the steps on the stack. In a non-cancellable scope: it cannot be interrupted (rule 26). */
export async function unwind(run: Run): Promise<void> {
  const { stack, definition } = run;
  for (let entry = stack.entries.at(-1); entry; entry = stack.entries.at(-1)) {
    const { step: name } = entry;
    const step = definition.steps.find((other) => other.name === name);
    if (step?.kind !== 'compensatable') throw new Error(`No compensation is defined for ${name}`);
    await undo(run, step, entry);
    stack.entries.pop();
  }
}

async function undo(run: Run, step: Compensatable<never, unknown>, entry: StackEntry): Promise<void> {
  const { name, compensation, probe } = step;
  const input = entry.input as never;
  const compensated = (outcome: Undone['outcome'], attempts: number): void =>
    record(run, { type: 'SagaCompensationCompleted', step: name, attempts, outcome });
  if (probe && entry.outcome === 'unknown') {
    const found = await ask(run, step, probe, input);
    if (found === 'skip') return;
    if (found === 'notApplied') return compensated('nothingToDo', 0);
    entry.outcome = found;
  }
  const answer = await perform(run, { manner: 'undo', step: name, call: compensation, input });
  if (answer.kind === 'done') compensated(answer.result.outcome, answer.attempts);
}

/**
 * Asks the participant about an action whose outcome is unknown, if it cannot take a blind compensation (rule 9). "None"
 * counts only when it is said after everything that may still be under way has had its time; if the question stays open,
 * an operator answers.
 */
async function ask(run: Run, { name, action }: Step, probe: Probe<never>, input: never) {
  const quietFrom = Date.now() + action.budget.attempt;
  const processedBy = quietFrom + probe.maximumProcessingTime;
  for (let notBefore: number | undefined; ; notBefore = processedBy) {
    const answer = await perform(run, { manner: 'ask', step: name, call: probe, input, quietFrom, notBefore });
    if (answer.kind === 'skip' || answer.kind === 'notApplied') return answer.kind;
    if (answer.kind === 'applied' || (answer.kind === 'done' && answer.result.effect === 'applied')) return 'applied';
    if (answer.kind === 'done' && answer.calledAt >= processedBy) return 'notApplied';
  }
}

/** The result of an action is kept, and added to the saga's data if it is a record. */
function completed<Result>(run: Run, step: string, attempts: number, result: Result): Result {
  record(run, { type: 'SagaStepCompleted', step, attempts, result: isRecord(result) ? copyOf(result) : {} });
  return result;
}

/**
 * The first failure decides why the saga unwinds; the error that is thrown only ends the body. A retriable step unwinds
 * nothing: it is given up, at once if it is refused, since a stored refusal never changes (rule 8).
 */
function failed(run: Run, { name: step, kind }: Step, failure: Failed): undefined {
  const { code } = failure;
  const event = failureOf(step, failure);
  if (kind !== 'retriable') {
    record(run, { ...event, unwinds: code });
    throw ApplicationFailure.nonRetryable(code, code);
  }
  record(run, { ...event, deadLetter: true });
  log.error('A step was given up: a dead letter', { sagaId: run.record.sagaId, step, code });
}
