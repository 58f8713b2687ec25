/** One scheduling of a call, its outcome, and the loop in which an operator may steer it. */
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import { ActivityCancellationType, CancellationScope, isCancellation } from '@temporalio/workflow';
import { nextDecision, type Desk, type ResolveAction } from './intervention.js';
import { journal, type Run } from './run.js';
import type { Call } from './step.js';

export type Outcome<Result> =
  | { readonly kind: 'done'; readonly result: Result; readonly attempts: number }
  /** A definitive answer: nothing happened, nothing ever will. */
  | { readonly kind: 'refused'; readonly code: string; readonly attempts: number }
  /** It may have happened. */
  | { readonly kind: 'unknown'; readonly code: string; readonly attempts: number };

/** Schedules a call once, retried by Temporal within its budget; `total` shortens the budget. */
export async function attempt<Input, Result>(
  call: Call<Input, Result>,
  input: Input,
  { undo = false, total = call.budget.total }: { readonly undo?: boolean; readonly total?: number } = {},
): Promise<Outcome<Result>> {
  const summary = call.summary?.(input);
  try {
    const result = await call.activity.executeWithOptions(
      {
        startToCloseTimeout: Math.min(call.budget.attempt, total),
        scheduleToCloseTimeout: total,
        cancellationType: ActivityCancellationType.TRY_CANCEL,
        retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '1 minute' },
        ...(summary && { summary: undo ? `UNDO ${summary}` : summary }),
      },
      [input],
    );
    return { kind: 'done', result, attempts: attemptsIn(result) };
  } catch (error) {
    return failed(error, call.refusals);
  }
}

/** Only a failure that Temporal reports is an outcome; a programming error fails the workflow task (rule 13). */
function failed(error: unknown, refusals: readonly string[]): Outcome<never> {
  if (isCancellation(error)) return { kind: 'unknown', code: 'Cancelled', attempts: 1 };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  const attempts = cause instanceof ApplicationFailure ? attemptsIn(cause.details?.[0]) : 1;
  if (cause instanceof ApplicationFailure && cause.nonRetryable && cause.type && refusals.includes(cause.type)) {
    return { kind: 'refused', code: cause.type, attempts };
  }
  // The overall time-out usually arrives with the last error as its cause.
  const timedOut = error.retryState === RetryState.TIMEOUT || cause instanceof TimeoutFailure;
  return { kind: 'unknown', code: timedOut ? 'StepTimedOut' : 'StepUnknown', attempts };
}

/** An activity that knows its attempt number says so in its result, or in the details of its failure. */
function attemptsIn(value: unknown): number {
  const attempts = typeof value === 'object' && value !== null && 'attempts' in value ? value.attempts : 1;
  return typeof attempts === 'number' ? attempts : 1;
}

export interface Steered<Result> {
  /** Journals the start of each scheduling; `timeoutAt` is when it gives up. */
  readonly onStart: (timeoutAt: string) => void;
  readonly onFailure?: (outcome: Exclude<Outcome<Result>, { kind: 'done' }>) => void;
  /** Failures that need no operator end the loop. */
  readonly endsWith?: (outcome: Outcome<Result>) => boolean;
  readonly undo?: boolean;
  readonly total?: number;
  readonly allowed: readonly ResolveAction[];
}

/**
 * Calls until it is done, or until an operator says otherwise. It blocks where the call is refused or its budget is
 * spent, and is cut short by a decision that comes meanwhile; the answer of the participant wins over both.
 * Runs in a non-cancellable scope: unwinding and steps past a pivot cannot be interrupted (rule 26).
 */
export async function steered<Input, Result>(
  run: Run,
  step: string,
  call: Call<Input, Result>,
  input: Input,
  options: Steered<Result>,
): Promise<Outcome<Result> | { readonly kind: 'answered'; readonly action: ResolveAction }> {
  const desk: Desk = { allowed: options.allowed };
  const { total = call.budget.total } = options;
  run.desks.set(step, desk);
  try {
    for (;;) {
      // Continued as new while blocked: the call is not made again before somebody says so.
      if (run.record.blockedOn !== step) {
        options.onStart(new Date(Date.now() + total).toISOString());
        desk.scope = new CancellationScope();
        const outcome = await desk.scope.run(() => attempt(call, input, options));
        delete desk.scope;
        if (outcome.kind === 'done' || options.endsWith?.(outcome)) {
          if (desk.pending) desk.pending.settled = 'overtaken';
          return outcome;
        }
        if (!desk.pending) {
          options.onFailure?.(outcome);
          journal(run, { type: 'SagaBlocked', step, code: outcome.code });
        }
      }
      const action = await nextDecision(run, step, desk);
      if (action !== 'retry') return { kind: 'answered', action };
    }
  } finally {
    run.desks.delete(step);
  }
}
