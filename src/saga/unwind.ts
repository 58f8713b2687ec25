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
import type { Compensatable, Probe, Step } from './step.js';

export async function unwind(run: Run, steps: readonly Step[]): Promise<void> {
  for (let entry = run.stack.at(-1); entry; entry = run.stack.at(-1)) {
    const step = steps.find(({ name }) => name === entry?.step);
    if (step?.kind !== 'compensatable') throw new Error(`No compensation is defined for ${entry.step}`);
    await undo(run, step, entry);
    run.stack.pop();
  }
}

async function undo(run: Run, step: Compensatable<never, unknown>, entry: StackEntry): Promise<void> {
  if (entry.outcome === 'unknown' && step.probe) {
    const found = await ask(run, step.name, step.probe, entry);
    if (found === 'none') return nothingToDo(run, step.name);
    if (found === 'waived') return;
    entry.outcome = 'applied';
  }
  const { name, compensation } = step;
  // The input was checked where the step was run; `never` says that it is any step's.
  const answer = await steered(run, name, compensation, entry.input as never, {
    undo: true,
    allowed: ['retry', 'skip', 'block'],
    onStart: (timeoutAt) => journal(run, { type: 'SagaCompensationStarted', step: name, timeoutAt }),
    onFailure: ({ attempts, code }) => journal(run, { type: 'SagaCompensationFailed', step: name, attempts, code }),
  });
  if (answer.kind !== 'done') return;
  const { attempts, result } = answer;
  journal(run, { type: 'SagaCompensationCompleted', step: name, attempts, outcome: result.outcome });
}

const nothingToDo = (run: Run, step: string): void =>
  journal(run, { type: 'SagaCompensationCompleted', step, attempts: 0, outcome: 'nothingToDo' });

/**
 * Asks the participant what became of an action whose outcome is unknown (rule 9). "None" counts only when it is said
 * again after everything that may still be under way has had its time; asked to no end, an operator answers.
 */
async function ask(
  run: Run,
  step: string,
  probe: Probe<never>,
  { input }: StackEntry,
): Promise<'applied' | 'none' | 'waived'> {
  const lastAttemptEnds = Date.now() + probe.budget.attempt;
  for (let asked = 0; ; asked++) {
    const total = Math.min(probe.budget.total, Math.max(run.deadlineAt - Date.now(), probe.budget.attempt));
    const answer = await steered(run, step, probe, input as never, {
      total,
      allowed: ['retry', 'skip', 'block', 'applied', 'notApplied'],
      onStart: (timeoutAt) => journal(run, { type: 'SagaCompensationStarted', step, timeoutAt }),
    });
    if (answer.kind === 'answered') return OPERATOR_FOUND[answer.action] ?? 'waived';
    if (answer.kind === 'done' && answer.result.effect === 'applied') return 'applied';
    if (asked > 0) return 'none';
    await sleep(Math.max(0, lastAttemptEnds + probe.maximumProcessingTime - Date.now()));
  }
}

const OPERATOR_FOUND: Readonly<Record<string, 'applied' | 'none'>> = { applied: 'applied', notApplied: 'none' };
