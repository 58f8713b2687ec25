/**
 * The reverse walk over the compensation stack.
 *
 *  1. An entry is pushed before its action is called; success marks it applied, a refusal takes it off, an unknown
 *     outcome leaves it on.
 *  2. A compensation is addressed by the action's input, which was known before the action ran.
 *  3. Strictly in reverse order of start, one at a time, after everything that ran in parallel has settled.
 *  4. Each entry leaves the stack with exactly one recorded outcome: compensated, nothing to do, or waived by a named
 *     operator.
 *
 * Whatever fails here blocks until an operator decides; nothing is swallowed (rules 16 and 17).
 */
import { sleep } from '@temporalio/workflow';
import { steered } from './attempt.js';
import { journal, type Run, type StackEntry } from './run.js';
import type { Compensatable, Undone } from './step.js';

export async function unwind(run: Run): Promise<void> {
  for (let entry = run.stack.at(-1); entry; entry = run.stack.at(-1)) {
    const { step: name } = entry;
    const step = run.definition.steps.find((other) => other.name === name);
    if (step?.kind !== 'compensatable') throw new Error(`No compensation is defined for ${name}`);
    await undo(run, step, entry);
    run.stack.pop();
  }
}

/** The input was checked where the step was run; `never` says that it is any step's. */
async function undo(run: Run, step: Compensatable<never, unknown>, entry: StackEntry): Promise<void> {
  const { name, compensation } = step;
  if (entry.outcome === 'unknown') {
    const found = await ask(run, step, entry.input as never);
    if (found === 'waived') return;
    if (found === 'none') return undone(run, name, 'nothingToDo', 0);
    entry.outcome = found;
  }
  const answer = await steered(run, name, compensation, entry.input as never, {
    way: 'undo',
    allowed: ['retry', 'skip', 'block'],
  });
  if (answer.kind === 'done') undone(run, name, answer.result.outcome, answer.attempts);
}

const undone = (run: Run, step: string, outcome: Undone['outcome'], attempts: number): void =>
  journal(run, { type: 'SagaCompensationCompleted', step, attempts, outcome });

/**
 * Asks the participant what became of an action whose outcome is unknown, where it cannot take a blind compensation
 * (rule 9). "None" counts only when it is said again after everything that may still be under way has had its time;
 * asked to no end, an operator answers.
 */
async function ask(
  run: Run,
  { name, action, probe }: Compensatable<never, unknown>,
  input: never,
): Promise<StackEntry['outcome'] | 'none' | 'waived'> {
  if (!probe) return 'unknown';
  const processedBy = Date.now() + action.budget.attempt + probe.maximumProcessingTime;
  for (let asked = 0; ; asked++) {
    const total = Math.min(probe.budget.total, Math.max(run.deadlineAt - Date.now(), probe.budget.attempt));
    const answer = await steered(run, name, probe, input, {
      way: 'ask',
      allowed: ['retry', 'skip', 'block', 'applied', 'notApplied'],
      total,
    });
    if (answer.kind === 'answered' && answer.action === 'skip') return 'waived';
    if (answer.kind === 'answered') return answer.action === 'applied' ? 'applied' : 'none';
    if (answer.kind === 'done' && answer.result.effect === 'applied') return 'applied';
    if (asked > 0) return 'none';
    await sleep(Math.max(1, processedBy - Date.now()));
  }
}
