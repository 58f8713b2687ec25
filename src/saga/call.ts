/**
 * A call, from its scheduling to its answer: one activity, which Temporal retries within the call's budget. An operator
 * can steer it meanwhile, and decides when it cannot go on by itself.
 */
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { ActivityCancellationType, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { handOver, handOverBetweenCalls, mayHandOver } from './hand-over.js';
import type { Closing } from './journal/events.js';
import type { RefusalCode, ResolveAction, ResolveRequest } from './messages.js';
import { foreign } from './record.js';
import { fromNow, type Run } from './run.js';
import type { Call } from './step.js';
import { record, storeAtRest, storedUpTo, withJournal } from './journal/carry.js';

/** What a worker adds to the result of an activity; a failure has the attempts in its first detail. */
interface Report {
  readonly attempts?: number;
  /** ISO 8601: when the worker saw that the saga's last action had succeeded. */
  readonly closedAt?: string;
  /** The number up to which the journal is stored. */
  readonly storedUpTo?: number;
}

export interface Done<Result> {
  readonly kind: 'done';
  readonly result: Result;
  readonly attempts: number;
  readonly closedAt: string | undefined;
}

/** `refused`: nothing happened, nothing ever will. `unknown`: it may have happened. */
export interface Failed {
  readonly kind: 'refused' | 'unknown';
  readonly code: string;
  readonly attempts: number;
  readonly timedOut?: boolean;
  /** The last attempt may still be under way, for as long as one attempt may take. */
  readonly mayGoOn?: boolean;
}

/** What an operator says in place of the participant. */
export type Answer = Exclude<ResolveAction, 'retry' | 'block'>;

/** What an operator may steer: while it runs its scope can be cut, while it is blocked it waits for `pending`. */
export interface SteerableCall {
  readonly allowed: readonly ResolveAction[];
  /** Milliseconds since the epoch: before that an attempt may be under way, and nobody can answer for it. */
  quietFrom: number;
  scope?: CancellationScope;
  pending?: ResolveRequest;
}

interface Manner {
  readonly started: 'SagaStepStarted' | 'SagaCompensationStarted';
  /** Of the summary. */
  readonly prefix: string;
  /** Failures that wait for an operator; the others end the call. */
  readonly blocksOn: readonly Failed['kind'][];
  /** What an operator may decide, while it is blocked and while it is still under way. */
  readonly allowed: readonly ResolveAction[];
  /** A cut does not wait for the attempt under way: a tombstone fences it. Otherwise nothing is under way after a cut. */
  readonly leavesAttempt?: true;
}

const ACT = { started: 'SagaStepStarted', prefix: '' } as const;
const UNDO = { started: 'SagaCompensationStarted', prefix: 'UNDO ', blocksOn: ['refused', 'unknown'] } as const;

/** Every call that a saga makes is made in one of these manners. */
const MANNERS = {
  compensatable: { ...ACT, blocksOn: [], allowed: ['retry'], leavesAttempt: true },
  pivot: { ...ACT, blocksOn: ['unknown'], allowed: ['retry', 'block', 'applied', 'notApplied'] },
  block: { ...ACT, blocksOn: ['refused', 'unknown'], allowed: ['retry', 'skip', 'block', 'applied'] },
  deadLetter: { ...ACT, blocksOn: [], allowed: ['retry', 'skip'] },
  undo: { ...UNDO, allowed: ['retry', 'skip', 'block'] },
  ask: { ...UNDO, prefix: 'ASK ', allowed: ['retry', 'skip', 'block', 'applied', 'notApplied'] },
} as const satisfies Record<string, Manner>;

interface More {
  /** Milliseconds for all attempts: at most the budget, counted when the call is scheduled. */
  readonly total?: () => number;
  readonly closing?: Closing | undefined;
  /** For a call that has no effect itself: since when nothing of what it asks about is under way. */
  readonly quietFrom?: number;
}

/**
 * Calls until it is done, or until an operator says otherwise. A decision that comes meanwhile cuts the call short; the
 * answer of the participant wins over it. What may block runs in a non-cancellable scope: unwinding and steps past a
 * pivot cannot be interrupted (rule 26).
 */
export async function perform<Input, Result>(
  run: Run,
  manner: keyof typeof MANNERS,
  step: string,
  call: Call<Input, Result>,
  input: Input,
  more: More = {},
): Promise<Done<Result> | Failed | { readonly kind: Answer }> {
  const { started, blocksOn, allowed }: Manner = MANNERS[manner];
  const { total = () => call.budget.total, quietFrom } = more;
  const steerable: SteerableCall = { allowed, quietFrom: quietFrom ?? Date.now() + call.budget.attempt };
  run.calls.set(step, steerable);
  try {
    // Continued as new while blocked: the call is not made again before an operator says so.
    let decision = wasWaiting(run, step) ? await nextDecision(run, step, steerable) : 'retry';
    while (decision === 'retry') {
      const patience = total();
      record(run, { type: started, step, timeoutAt: fromNow(patience) });
      steerable.quietFrom = quietFrom ?? Date.now() + call.budget.attempt;
      steerable.scope = new CancellationScope();
      const outcome = await steerable.scope.run(() =>
        schedule(run, MANNERS[manner], call, input, { ...more, patience }),
      );
      delete steerable.scope;
      const isAnswer = outcome.kind === 'done' || (outcome.kind === 'refused' && !blocksOn.includes('refused'));
      const isOver = CancellationScope.current().consideredCancelled;
      if (isAnswer || isOver || (!steerable.pending && !blocksOn.includes(outcome.kind))) return outcome;
      steerable.quietFrom = quietFrom ?? Date.now() + (outcome.mayGoOn ? call.budget.attempt : 0);
      if (!steerable.pending) record(run, failureOf(started, step, outcome));
      decision = await decided(run, step, steerable, outcome.code);
    }
    return { kind: decision };
  } finally {
    delete steerable.pending;
    run.calls.delete(step);
  }
}

/**
 * A pause before the same call is made again, in which an operator decides as if it were under way. `retry`: it is over.
 *
 * @param until milliseconds since the epoch
 */
export async function pause(run: Run, step: string, until: number, quietFrom: number): Promise<Answer | 'retry'> {
  const steerable: SteerableCall = { allowed: MANNERS.ask.allowed, quietFrom };
  run.calls.set(step, steerable);
  try {
    await condition(() => !!steerable.pending, Math.max(1, until - Date.now()));
    return steerable.pending ? await decided(run, step, steerable) : 'retry';
  } finally {
    delete steerable.pending;
    run.calls.delete(step);
  }
}

const wasWaiting = ({ record: { blockedOn, steps } }: Run, step: string): boolean =>
  blockedOn !== null && steps.some(({ name, status }) => name === step && status !== 'pending');

/** Schedules in this turn, and in the present cancellation scope. */
function schedule<Input, Result>(
  run: Run,
  { prefix, leavesAttempt }: Manner,
  { activity, budget, refusals, summary }: Call<Input, Result>,
  input: Input,
  { patience, closing }: More & { readonly patience: number },
): Promise<Done<Result> | Failed> {
  const line = typeof summary === 'function' ? summary(input) : summary;
  const options = {
    startToCloseTimeout: Math.min(budget.attempt, patience),
    scheduleToCloseTimeout: patience,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '1 minute' },
    cancellationType: leavesAttempt
      ? ActivityCancellationType.TRY_CANCEL
      : ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    ...(line !== undefined && { summary: prefix + line }),
  } as const;
  const must = closing ? { required: true as const, closing } : {};
  return withJournal(run, must, () => activity.executeWithOptions(options, [input])).then(
    (answer) => doneWith(run, answer),
    (error: unknown) => failureIn(error, refusals),
  );
}

/** An activity's result, without what its worker has added to it. */
function doneWith<Result>(run: Run, answer: Result): Done<Result> {
  const isRecord = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
  if (!isRecord) return { kind: 'done', result: answer, attempts: 1, closedAt: undefined };
  const { attempts = 1, closedAt, storedUpTo: stored, ...result } = answer as Result & Report;
  if (stored !== undefined) storedUpTo(run, stored);
  return { kind: 'done', result: result as Result, attempts, closedAt };
}

/** Only a failure that Temporal reports is an outcome; a programming error fails the workflow task (rule 13). */
function failureIn(error: unknown, refusals: readonly string[]): Failed {
  if (isCancellation(error)) return { kind: 'unknown', code: 'Cancelled', attempts: 1 };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause, retryState } = error;
  const { attempts = 1 }: Report = Object(cause instanceof ApplicationFailure && cause.details?.[0]);
  // The overall time-out usually arrives with the last error as its cause.
  const timedOut = retryState === RetryState.TIMEOUT || cause instanceof TimeoutFailure;
  const mayGoOn = cause instanceof TimeoutFailure && cause.timeoutType === TimeoutType.SCHEDULE_TO_CLOSE;
  const isDefinite = cause instanceof ApplicationFailure && cause.nonRetryable && refusals.includes(cause.type ?? '');
  if (isDefinite) return { kind: 'refused', code: foreign(cause.type ?? ''), attempts };
  return { kind: 'unknown', code: timedOut ? 'StepTimedOut' : 'StepUnknown', attempts, timedOut, mayGoOn };
}

/** The event that records a failed call. */
export function failureOf(started: Manner['started'], step: string, { kind, code, attempts, timedOut }: Failed) {
  const forward = kind === 'refused' ? 'SagaStepFailed' : timedOut ? 'SagaStepTimedOut' : 'SagaStepUnknown';
  return { type: started === 'SagaStepStarted' ? forward : 'SagaCompensationFailed', step, attempts, code } as const;
}

/** What is decided; before a call is repeated, the run may have to be left. */
async function decided(run: Run, step: string, call: SteerableCall, code?: string): Promise<Answer | 'retry'> {
  for (;;) {
    const decision = await nextDecision(run, step, call, code);
    if (decision === 'retry') await handOverBetweenCalls(run);
    if (!call.pending) return decision;
  }
}

/** The operator's next decision. Until there is one the step blocks the saga; at most one does at a time (rule 17). */
async function nextDecision(run: Run, step: string, call: SteerableCall, code = ''): Promise<Answer | 'retry'> {
  for (;;) {
    if (call.pending) {
      const { action, actor, reason, requestId } = call.pending;
      record(run, { type: 'SagaIntervened', step, action, actor, reason, requestId });
      delete call.pending;
      if (action !== 'block') return action;
      code = 'BlockedByOperator';
    } else if (run.record.blockedOn === null) {
      record(run, { type: 'SagaBlocked', step, code });
      log.error('A saga is blocked and waits for an operator', { sagaId: run.record.sagaId, step, code });
      void storeAtRest(run);
    } else if (mayHandOver(run)) {
      return handOver(run);
    } else {
      // Looked at again afterwards: of several that wait for their turn one goes on first.
      await condition(() => !!call.pending || run.record.blockedOn === null || mayHandOver(run));
    }
  }
}

/** Why a decision on a step cannot be acted on now; `undefined` if it can. */
export function callProblem({ calls, record: now }: Run, { step, action }: ResolveRequest): RefusalCode | undefined {
  const call = calls.get(step);
  const isAnswer = action === 'applied' || action === 'notApplied';
  const applies =
    call?.allowed.includes(action) &&
    !call.pending &&
    !(action === 'block' && now.blockedOn !== null) &&
    !(isAnswer && Date.now() < call.quietFrom);
  return applies ? undefined : 'NotApplicable';
}

/** Cuts the call short, or wakes it if it is blocked; resolves to false if the participant's answer was quicker. */
export async function steerCall({ calls, journal }: Run, request: ResolveRequest): Promise<boolean> {
  const call = calls.get(request.step);
  if (!call || call.pending) return false;
  call.pending = request;
  call.scope?.cancel();
  await condition(() => call.pending !== request);
  return journal.entries.some(({ event }) => event.type === 'SagaIntervened' && event.requestId === request.requestId);
}
