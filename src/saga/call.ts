/**
 * A call, from its scheduling to its answer: one activity, which Temporal retries within the call's budget. An operator
 * can steer it all the time, and decides when it cannot go on by itself.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { handOver, handOverBetweenCalls, mayHandOver } from './hand-over.js';
import { record, storeAtRest, storedUpTo, withJournal } from './journal/carry.js';
import type { Closing } from './journal/events.js';
import { RESOLVE_ACTIONS, type RefusalCode, type ResolveAction, type ResolveRequest } from './messages.js';
import { foreign } from './record.js';
import { fromNow, isRecord, type Run, type SteerableCall } from './run.js';
import type { Call } from './step.js';

/** The fields that a worker adds to the result of an activity; a failure has the attempts in its first detail. */
interface Report {
  readonly attempts?: number;
  /** ISO 8601: when the worker saw that the saga's last action had succeeded. */
  readonly closedAt?: string | undefined;
  /** The number up to which the journal is stored. */
  readonly storedUpTo?: number;
}

/** The participant has answered. */
export interface Done<Result> extends Pick<Report, 'closedAt'> {
  readonly kind: 'done';
  readonly result: Result;
  readonly attempts: number;
  /** Milliseconds since the epoch: when it was scheduled. */
  readonly calledAt: number;
}

/** `refused`: nothing happened, and nothing will. `unknown`: it may have happened. */
export interface Failed {
  readonly kind: 'refused' | 'unknown';
  readonly code: string;
  readonly attempts: number;
  readonly timedOut?: boolean;
  /** The last attempt may still be running, for as long as one attempt may take. */
  readonly mayGoOn?: boolean;
}

/** A decision of an operator after which the call does not stay blocked. */
type Decided = Exclude<ResolveAction, 'block'>;

/** An operator may have answered in place of the participant. */
type Outcome<Result> = Done<Result> | Failed | { readonly kind: Exclude<Decided, 'retry'> };

interface Manner {
  /** A compensation, or the question before it: the summary begins with this. */
  readonly back?: 'UNDO' | 'ASK';
  /** Failures that wait for an operator; the others end the call. */
  readonly blocksOn: readonly Failed['kind'][];
  /** Decisions that an operator may make, while the call is blocked and while it is still under way. */
  readonly allowed: readonly ResolveAction[];
  /**
   * A cut does not wait for the running attempt, because a tombstone fences it. Without this, no attempt is running
   * after a cut.
   */
  readonly leavesAttempt?: true;
  /** The saga's deadline shortens the budget (rule 11): to the time that remains, or to one attempt at least. */
  readonly shortened?: 'toTheRest' | 'toOneAttempt';
}

const ALWAYS = ['refused', 'unknown'] as const;

/** The manners of a saga's calls; each call has one of them. */
const MANNERS = {
  compensatable: { blocksOn: [], allowed: ['retry'], leavesAttempt: true, shortened: 'toTheRest' },
  pivot: { blocksOn: ['unknown'], allowed: ['retry', 'block', 'applied', 'notApplied'] },
  block: { blocksOn: ALWAYS, allowed: ['retry', 'skip', 'block', 'applied'] },
  deadLetter: { blocksOn: [], allowed: ['retry', 'skip'] },
  undo: { back: 'UNDO', blocksOn: ALWAYS, allowed: ['retry', 'skip', 'block'] },
  ask: { back: 'ASK', blocksOn: ALWAYS, allowed: RESOLVE_ACTIONS, shortened: 'toOneAttempt' },
} as const satisfies Record<string, Manner>;

/** One call of a step. Times are milliseconds since the epoch. */
interface Errand<Input, Result> {
  readonly manner: keyof typeof MANNERS;
  readonly step: string;
  readonly call: Call<Input, Result>;
  readonly input: Input;
  readonly closing?: Closing | undefined;
  /** For a call that has no effect itself: since when nothing of the effect that it asks about is under way. */
  readonly quietFrom?: number;
  /** A pause before the call, in which an operator decides as if it were under way. */
  readonly notBefore?: number | undefined;
}

/**
 * Calls until it is done, or until an operator says otherwise. A decision that arrives before the answer cuts the call
 * short; the answer of the participant wins over it. A call that may block runs in a non-cancellable scope: unwinding and
 * steps past a pivot cannot be interrupted (rule 26).
 */
export async function perform<Input, Result>(run: Run, errand: Errand<Input, Result>): Promise<Outcome<Result>> {
  const { blocksOn, allowed, back }: Manner = MANNERS[errand.manner];
  const { step, call, quietFrom, notBefore } = errand;
  const { blockedOn, steps } = run.record;
  const quietAfter = (milliseconds: number): number => quietFrom ?? Date.now() + milliseconds;
  const steerable: SteerableCall = { allowed, quietFrom: quietAfter(call.budget.attempt) };
  run.calls.set(step, steerable);
  try {
    // After a continue-as-new while blocked, the call is not repeated before an operator decides.
    const wasBlocked = blockedOn !== null && steps.some(({ name, status }) => name === step && status !== 'pending');
    if (notBefore !== undefined) await condition(() => !!steerable.pending, Math.max(1, notBefore - Date.now()));
    let decision = wasBlocked || steerable.pending ? await decided(run, step, steerable) : 'retry';
    while (decision === 'retry') {
      steerable.quietFrom = quietAfter(call.budget.attempt);
      steerable.scope = new CancellationScope();
      const outcome = await steerable.scope.run(() => schedule(run, errand));
      delete steerable.scope;
      const isAnswer = outcome.kind === 'done' || (outcome.kind === 'refused' && !blocksOn.includes('refused'));
      const isOver = CancellationScope.current().consideredCancelled;
      if (isAnswer || isOver || (!steerable.pending && !blocksOn.includes(outcome.kind))) return outcome;
      steerable.quietFrom = quietAfter(outcome.mayGoOn ? call.budget.attempt : 0);
      if (!steerable.pending) record(run, failureOf(step, outcome, back));
      decision = await decided(run, step, steerable, outcome.code);
    }
    return { kind: decision };
  } finally {
    delete steerable.pending;
    run.calls.delete(step);
  }
}

/** Schedules the activity in this turn, in the present cancellation scope. */
function schedule<Input, Result>(run: Run, errand: Errand<Input, Result>): Promise<Done<Result> | Failed> {
  const { back, leavesAttempt, shortened }: Manner = MANNERS[errand.manner];
  const { step, call, input, closing } = errand;
  const { activity, budget, refusals, summary } = call;
  const left = Math.max(run.deadlineAt - Date.now(), shortened === 'toOneAttempt' ? budget.attempt : 1);
  const patience = shortened ? Math.min(budget.total, left) : budget.total;
  record(run, { type: back ? 'SagaCompensationStarted' : 'SagaStepStarted', step, timeoutAt: fromNow(patience) });
  const line = typeof summary === 'function' ? summary(input) : summary;
  const options = {
    startToCloseTimeout: Math.min(budget.attempt, patience),
    scheduleToCloseTimeout: patience,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '1 minute' },
    cancellationType: leavesAttempt ? 'TRY_CANCEL' : 'WAIT_CANCELLATION_COMPLETED',
    ...(line !== undefined && { summary: back ? `${back} ${line}` : line }),
  } as const;
  const calledAt = Date.now();
  const timeoutCode = shortened === 'toTheRest' && patience < budget.total ? 'DeadlineExceeded' : 'StepTimedOut';
  const must = closing ? { required: true as const, closing } : {};
  return withJournal(run, must, () => activity.executeWithOptions(options, [input])).then(
    (answer) => ({ ...doneWith(run, answer), calledAt }),
    (error: unknown) => failureIn(error, refusals, timeoutCode),
  );
}

/** An activity's result, without the fields that its worker has added to it. */
function doneWith<Result>(run: Run, answer: Result): Omit<Done<Result>, 'calledAt'> {
  if (!isRecord(answer)) return { kind: 'done', result: answer, attempts: 1 };
  const { attempts = 1, closedAt, storedUpTo: stored = 0, ...result } = answer as Result & Report;
  storedUpTo(run, stored);
  return { kind: 'done', result: result as Result, attempts, closedAt };
}

/** Only a failure that Temporal reports is an outcome; a programming error fails the workflow task (rule 13). */
function failureIn(error: unknown, refusals: readonly string[], timeoutCode: string): Failed {
  if (isCancellation(error)) return { kind: 'unknown', code: 'Cancelled', attempts: 1 };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause, retryState } = error;
  const { attempts = 1 }: Report = Object(cause instanceof ApplicationFailure && cause.details?.[0]);
  // The overall time-out usually arrives with the last error as its cause.
  const timedOut = retryState === 'TIMEOUT' || cause instanceof TimeoutFailure;
  const mayGoOn = cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_CLOSE';
  const isDefinite = cause instanceof ApplicationFailure && cause.nonRetryable && refusals.includes(cause.type ?? '');
  if (isDefinite) return { kind: 'refused', code: foreign(cause.type ?? ''), attempts };
  return { kind: 'unknown', code: timedOut ? timeoutCode : 'StepUnknown', attempts, timedOut, mayGoOn };
}

/** The event that records a failed call. */
export function failureOf(step: string, { kind, code, attempts, timedOut }: Failed, back?: Manner['back']) {
  const forward = kind === 'refused' ? 'SagaStepFailed' : timedOut ? 'SagaStepTimedOut' : 'SagaStepUnknown';
  return { type: back ? 'SagaCompensationFailed' : forward, step, attempts, code } as const;
}

/**
 * The operator's next decision. Until there is one the step blocks the saga; at most one does at a time (rule 17). Before
 * a call is repeated, the run may have to be left.
 */
async function decided(run: Run, step: string, call: SteerableCall, code = ''): Promise<Decided> {
  for (;;) {
    if (call.pending) {
      const { action, actor, reason, requestId } = call.pending;
      record(run, { type: 'SagaIntervened', step, action, actor, reason, requestId });
      delete call.pending;
      if (action === 'retry') await handOverBetweenCalls(run);
      if (action !== 'block' && !call.pending) return action;
      code = 'BlockedByOperator';
    } else if (run.record.blockedOn === null) {
      record(run, { type: 'SagaBlocked', step, code });
      log.error('A saga is blocked and waits for an operator', { sagaId: run.record.sagaId, step, code });
      void storeAtRest(run);
    } else if (mayHandOver(run)) {
      return handOver(run);
    } else {
      // Checked again afterwards, because several waiting calls may wake up and only the first may go on.
      await condition(() => !!call.pending || run.record.blockedOn === null || mayHandOver(run));
    }
  }
}

/** The reason to refuse a decision on a step now; `undefined` if it can be acted on. */
export function callProblem({ calls, record: now }: Run, { step, action }: ResolveRequest): RefusalCode | undefined {
  const call = calls.get(step);
  const isAnswer = action === 'applied' || action === 'notApplied';
  if (!call?.allowed.includes(action) || call.pending) return 'NotApplicable';
  if (action === 'block' && now.blockedOn !== null) return 'NotApplicable';
  return isAnswer && Date.now() < call.quietFrom ? 'NotApplicable' : undefined;
}

/** Cuts the call short, or wakes it if it is blocked. False if the participant's answer was quicker. */
export async function steerCall({ calls, journal }: Run, request: ResolveRequest): Promise<boolean> {
  const call = calls.get(request.step);
  if (!call || call.pending) return false;
  call.pending = request;
  call.scope?.cancel();
  await condition(() => call.pending !== request);
  return journal.entries.some(({ event }) => event.type === 'SagaIntervened' && event.requestId === request.requestId);
}
