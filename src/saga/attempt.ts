/** One scheduling of a call, its outcome, and the loop in which an operator may steer it. */
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import { ActivityCancellationType, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { allHandlersFinished, workflowInfo } from '@temporalio/workflow';
import type { JournalHeader, SagaEvent } from './journal.js';
import type { ResolveAction } from './messages.js';
import { fromNow, journal, type Desk, type Run } from './run.js';
import type { Call } from './step.js';
import { carry, isStored, rest } from './store.js';

/** `refused`: nothing happened, nothing ever will. `unknown`: it may have happened. */
export type Outcome<Result> =
  | { readonly kind: 'done'; readonly result: Result; readonly attempts: number }
  | { readonly kind: 'refused' | 'unknown'; readonly code: string; readonly attempts: number };

export type Failed = Exclude<Outcome<never>, { kind: 'done' }>;

export interface AttemptOptions {
  readonly total?: number;
  /** Of the summary. */
  readonly prefix?: string;
  readonly closing?: NonNullable<JournalHeader['closing']>;
}

/** Schedules a call once, retried by Temporal within `total` milliseconds (its budget, where nothing shortens it). */
export async function attempt<Input, Result>(
  run: Run,
  call: Call<Input, Result>,
  input: Input,
  { total = call.budget.total, prefix = '', closing }: AttemptOptions = {},
): Promise<Outcome<Result>> {
  carry(run, closing && { required: true, closing });
  const summary = typeof call.summary === 'function' ? call.summary(input) : call.summary;
  try {
    const result = await call.activity.executeWithOptions(
      {
        startToCloseTimeout: Math.min(call.budget.attempt, total),
        scheduleToCloseTimeout: total,
        cancellationType: ActivityCancellationType.TRY_CANCEL,
        retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '1 minute' },
        ...(summary !== undefined && { summary: prefix + summary }),
      },
      [input],
    );
    return { kind: 'done', result, attempts: attemptsIn(result) };
  } catch (error) {
    return outcomeOf(error, call.refusals);
  }
}

/** Only a failure that Temporal reports is an outcome; a programming error fails the workflow task (rule 13). */
function outcomeOf(error: unknown, refusals: readonly string[]): Failed {
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

type Way = 'act' | 'undo' | 'ask';
const PREFIX = { act: '', undo: 'UNDO ', ask: 'ASK ' } as const;

/** The transition that a failed call is. */
export function failureOf(way: Way, step: string, { kind, code, attempts }: Failed) {
  const timedOut = code === 'StepTimedOut' || code === 'DeadlineExceeded';
  const forward = kind === 'refused' ? 'SagaStepFailed' : timedOut ? 'SagaStepTimedOut' : 'SagaStepUnknown';
  const type = way === 'act' ? forward : 'SagaCompensationFailed';
  return { type, step, attempts, code } as const satisfies SagaEvent;
}

export interface Steering {
  readonly way: Way;
  readonly allowed: readonly ResolveAction[];
  /** Failures that end the call and need no operator. */
  readonly final?: readonly Failed['kind'][];
  readonly total?: number;
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
  { way, allowed, final = [], total = call.budget.total }: Steering,
): Promise<Outcome<Result> | { readonly kind: 'answered'; readonly action: ResolveAction }> {
  const desk: Desk = { allowed };
  run.desks.set(step, desk);
  for (;;) {
    // Continued as new while blocked: the call is not made again before somebody says so.
    if (run.record.blockedOn !== step) {
      const type = way === 'act' ? 'SagaStepStarted' : 'SagaCompensationStarted';
      journal(run, { type, step, timeoutAt: fromNow(total) });
      desk.scope = new CancellationScope();
      const outcome = await desk.scope.run(() => attempt(run, call, input, { total, prefix: PREFIX[way] }));
      delete desk.scope;
      if (outcome.kind === 'done' || final.includes(outcome.kind)) {
        if (desk.pending) desk.pending.taken = false;
        run.desks.delete(step);
        return outcome;
      }
      if (!desk.pending) journal(run, failureOf(way, step, outcome));
      await block(run, step, desk, outcome.code);
    }
    const action = await nextDecision(run, step, desk, way);
    if (action === 'retry') continue;
    run.desks.delete(step);
    return { kind: 'answered', action };
  }
}

/** At most one step blocks a saga (rule 17): a second one waits for its turn. */
async function block(run: Run, step: string, desk: Desk, code: string): Promise<void> {
  // Looked at again after each wait: of several that wait one goes on first.
  while (!desk.pending && run.record.blockedOn !== null) {
    await condition(() => !!desk.pending || run.record.blockedOn === null);
  }
  if (desk.pending) return;
  journal(run, { type: 'SagaBlocked', step, code });
  log.error('A saga is blocked and waits for an operator', { sagaId: run.record.sagaId, step, code });
  void rest(run);
}

/** The operator's next decision on a blocked or interrupted call. */
async function nextDecision(run: Run, step: string, desk: Desk, way: Way): Promise<ResolveAction> {
  for (;;) {
    await condition(() => !!desk.pending || (way !== 'act' && mustHandOver(run)));
    if (!desk.pending) {
      await handOver(run);
      continue;
    }
    const { request } = desk.pending;
    const { action, actor, reason, requestId } = request;
    journal(run, { type: 'SagaIntervened', step, action, actor, reason, requestId });
    desk.pending.taken = true;
    delete desk.pending;
    if (action !== 'block') return action;
    await block(run, step, desk, 'BlockedByOperator');
  }
}

/** Asked only while blocked in unwinding: there the stack, and nothing of the body, says what is left to do. */
function mustHandOver(run: Run): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return isStored(run) && (continueAsNewSuggested || historyLength >= (run.definition.historyLimit ?? Infinity));
}

/** Continues as new. Nothing is accepted meanwhile, and what was accepted is answered first. */
async function handOver(run: Run): Promise<void> {
  run.handingOver = true;
  await condition(allHandlersFinished);
  const { record, seq, stack, deadlineAt, decisions } = run;
  await run.definition.continueAsNew({ record, seq, stack, deadlineAt, decisions });
}
