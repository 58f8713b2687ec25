/** The attempts of one call within its budget: a first one made the cheap way, where there is one, and Temporal's own. */
import { ActivityFailure, ApplicationFailure, RetryState, TemporalFailure } from '@temporalio/common';
import { TimeoutFailure, TimeoutType, type RetryPolicy } from '@temporalio/common';
import { ActivityCancellationType, CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { Closing } from './journal.js';
import type { Run } from './run.js';
import type { Activity, Call, LocalActivity } from './step.js';
import { carrying } from './store.js';

export type Done<Result> = { readonly kind: 'done'; readonly result: Result; readonly attempts: number };

/** `refused`: nothing happened, nothing ever will. `unknown`: it may have happened. */
export interface Failed {
  readonly kind: 'refused' | 'unknown';
  readonly code: string;
  readonly attempts: number;
  /** Milliseconds to wait before another attempt; without it another one is of no use. */
  readonly pause?: number;
}

type Outcome<Result> = Done<Result> | Failed;

export interface Wanted<Input, Result> {
  readonly input: Input;
  /** Milliseconds for all attempts. */
  readonly total: number;
  readonly summary: string | undefined;
  /** What the call carries if it is the saga's last. */
  readonly closing: Closing | undefined;
  /** In place of the call's own first attempt. */
  readonly local: LocalActivity<Input, Result> | undefined;
}

const RETRY = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '1 minute' } as const;
/** The saga goes on by itself. */
const ONCE = { maximumAttempts: 1 } as const;
/** A local activity holds up the workflow task, which has ten seconds. */
const LOCAL_MS = 2_000;

/** Calls within `total`. Schedules in this turn, and in the present cancellation scope. */
export function attempts<Input, Result>(
  run: Run,
  call: Call<Input, Result>,
  wanted: Wanted<Input, Result>,
): Promise<Outcome<Result>> {
  const { sent } = run;
  const until = Date.now() + wanted.total;
  const first = firstAttempt(run, call, wanted);
  if (!first) return outcomeOf(make(run, call, call.activity, wanted, RETRY), call);
  return outcomeOf(first, call).then((outcome) => {
    if (outcome.kind === 'done' || outcome.pause === undefined) return outcome;
    // Whoever was to store what it carried may be gone.
    run.sent = Math.min(run.sent, sent);
    return goOn(run, call, wanted, { ...outcome, pause: outcome.pause, until });
  });
}

function firstAttempt<Input, Result>(run: Run, call: Call<Input, Result>, wanted: Wanted<Input, Result>) {
  const { first } = call;
  if (wanted.local) return makeLocally(call, wanted.local, wanted);
  return first && make(run, call, first, wanted, ONCE);
}

/** Makes the call itself after a first attempt that has settled nothing. */
async function goOn<Input, Result>(
  run: Run,
  call: Call<Input, Result>,
  wanted: Wanted<Input, Result>,
  { pause, until, attempts: tried }: Failed & { readonly pause: number; readonly until: number },
): Promise<Outcome<Result>> {
  const timedOut = { kind: 'unknown', code: 'StepTimedOut', attempts: tried } as const;
  if (Date.now() + pause >= until) return timedOut;
  if (pause > 0) await sleep(pause).catch(onlyCancelled);
  // A scope that is cancelled schedules nothing.
  if (CancellationScope.current().consideredCancelled) return { ...timedOut, code: 'Cancelled' };
  // Nobody may have been there when the pause was over.
  const total = until - Date.now();
  if (total <= 0) return timedOut;
  const closing = wanted.closing && { ...wanted.closing, tried };
  const outcome = await outcomeOf(make(run, call, call.activity, { ...wanted, closing, total }, RETRY), call);
  return { ...outcome, attempts: outcome.attempts + tried };
}

function onlyCancelled(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

function make<Input, Result>(
  run: Run,
  call: Call<Input, Result>,
  activity: Activity<Input, Result>,
  wanted: Wanted<Input, Result>,
  retry: RetryPolicy,
): Promise<Result> {
  const { input, total, closing } = wanted;
  // Where no slot is free for a first attempt, the call itself is not held up.
  const start = retry === ONCE ? { scheduleToStartTimeout: Math.min(call.budget.attempt, total) } : {};
  const options = { ...optionsOf(call, wanted), ...start, scheduleToCloseTimeout: total, retry };
  const must = closing ? { required: true as const, closing } : {};
  return carrying(run, must, () => activity.executeWithOptions(options, [input]));
}

function makeLocally<Input, Result>(
  call: Call<Input, Result>,
  activity: LocalActivity<Input, Result>,
  wanted: Wanted<Input, Result>,
): Promise<Result> {
  const total = Math.min(LOCAL_MS, wanted.total);
  const options = { ...optionsOf(call, { ...wanted, total }), scheduleToCloseTimeout: total, retry: ONCE };
  return activity.executeWithOptions(options, [wanted.input]);
}

function optionsOf<Input, Result>({ budget }: Call<Input, Result>, { total, summary }: Wanted<Input, Result>) {
  return {
    startToCloseTimeout: Math.min(budget.attempt, total),
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    ...(summary !== undefined && { summary }),
  };
}

const outcomeOf = <Result>(
  making: Promise<Result>,
  { refusals }: Pick<Call<never, unknown>, 'refusals'>,
): Promise<Outcome<Result>> =>
  making.then(
    (result) => ({ kind: 'done', result, attempts: toldIn(result).attempts ?? 1 }),
    (error: unknown) => failureIn(error, refusals),
  );

/** Only a failure that Temporal reports is an outcome; a programming error fails the workflow task (rule 13). */
function failureIn(error: unknown, refusals: readonly string[]): Failed {
  if (isCancellation(error)) return { kind: 'unknown', code: 'Cancelled', attempts: 1 };
  if (!(error instanceof TemporalFailure)) throw error;
  // A local activity's failure comes as it is.
  const [cause, state] = error instanceof ActivityFailure ? [error.cause, error.retryState] : [error];
  // The overall time-out usually arrives with the last error as its cause.
  const isLate = state === RetryState.TIMEOUT || cause instanceof TimeoutFailure;
  const unknown = { kind: 'unknown', code: isLate ? 'StepTimedOut' : 'StepUnknown' } as const;
  if (cause instanceof TimeoutFailure && cause.timeoutType === TimeoutType.SCHEDULE_TO_START) {
    return { ...unknown, attempts: 0, pause: 0 };
  }
  if (!(cause instanceof ApplicationFailure)) return { ...unknown, attempts: 1, pause: RETRY.initialInterval };
  const { attempts = 1, pause = RETRY.initialInterval } = toldIn(cause.details?.[0]);
  if (!cause.nonRetryable) return { ...unknown, attempts, pause };
  const isRefusal = typeof cause.type === 'string' && refusals.includes(cause.type);
  return isRefusal ? { kind: 'refused', code: cause.type ?? '', attempts } : { ...unknown, attempts };
}

/**
 * What an activity says in its result, or in the details of its failure: the number of its attempt (0: it was not even
 * made), and the milliseconds to pause before the next one.
 */
function toldIn(value: unknown): { readonly attempts?: number; readonly pause?: number } {
  const { attempts, pause }: { attempts?: unknown; pause?: unknown } = Object(value);
  return { ...(typeof attempts === 'number' && { attempts }), ...(typeof pause === 'number' && { pause }) };
}
