/**
 * How a participant's answer becomes a failure of an activity. There are two kinds only: a *refusal* ends the step, and
 * everything else is tried again until the step's budget is spent, and leaves the outcome unknown.
 *
 * | the answer                                                    | failure               | tried again |
 * |---------------------------------------------------------------|-----------------------|-------------|
 * | a problem document whose code the step knows as a refusal      | that code             | no          |
 * | nothing: network error, attempt time-out                       | `ServiceUnreachable`  | yes         |
 * | 408, 425, 429, 5xx                                             | `ServiceUnavailable`  | yes, `Retry-After` honoured |
 * | 401, 403, 407 with any body; any other 4xx                     | `OperationalFault`    | yes, alerted on |
 * | an answer that does not fit its schema                         | `MalformedAnswer`     | yes, alerted on |
 * | the service was not called: all of its slots are taken         | `NoFreeSlot`          | yes, not counted as an attempt |
 */
import { Context, type Info } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

export type FaultType = 'ServiceUnreachable' | 'ServiceUnavailable' | 'OperationalFault' | 'MalformedAnswer';

/** How often the present call found all slots taken: the heartbeat details, which Temporal hands to the next attempt. */
export function timesTurnedAway({ heartbeatDetails, attempt }: Info): number {
  const { turnedAway }: { turnedAway?: unknown } = Object(heartbeatDetails);
  // An operator can reset the number of attempts, and keep the heartbeat details.
  const isKnown = Number.isSafeInteger(turnedAway) && Number(turnedAway) > 0 && Number(turnedAway) < attempt;
  return isKnown ? Number(turnedAway) : 0;
}

/**
 * The number of the present attempt at the service. Temporal's own number (`info.attempt`) also counts the attempts that
 * found all slots taken.
 */
export function attemptNumber(): number {
  const { info } = Context.current();
  return info.attempt - timesTurnedAway(info);
}

/** A definitive business answer: `type` is its code, by which the saga knows it (rule 8). */
export const refusal = (code: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: code,
    nonRetryable: true,
    details: [{ attempts: attemptNumber() }],
  });

/** The pause that a service asked for, and how much of the step's budget is left for it; both in milliseconds. */
export interface Asked {
  readonly retryAfter: number;
  readonly left: number;
}

/**
 * A fault that may pass. Pauses double from half a second to a minute, spread over half their length: retry policies
 * have no jitter of their own, and sagas that failed together must not come back together (rule 10). The pause that
 * the service asked for is kept, as long as the budget leaves time for one attempt more.
 */
export function fault(type: FaultType, message: string, asked?: Asked): ApplicationFailure {
  const attempts = attemptNumber();
  const pause = longestPause(attempts);
  const wait = asked ? Math.min(asked.retryAfter, Math.max(asked.left, 0)) : 0;
  return later(type, message, attempts, Math.max(wait, pause / 2) + spread(pause));
}

/** In milliseconds. */
const longestPause = (failures: number): number => Math.min(60_000, 500 * 2 ** Math.min(failures - 1, 16));

const spread = (pause: number): number => (Math.random() * pause) / 2;

/**
 * The call was not made, because all slots of its service are taken. The pauses are those of a fault. The SDK's log
 * and metrics do not count it as a failure, because many calls wait when a service is slow.
 *
 * @param attempts that were made before
 * @param times that this call has found all slots taken, this time included
 */
export function noFreeSlot(message: string, attempts: number, times: number): ApplicationFailure {
  const pause = longestPause(times);
  return ApplicationFailure.create({
    type: 'NoFreeSlot',
    message,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: pause / 2 + spread(pause),
    details: [{ attempts }],
  });
}

/**
 * A failure after which Temporal tries the activity again.
 *
 * @param pause until then, in milliseconds
 */
export const later = (type: string, message: string, attempts: number, pause: number): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nextRetryDelay: pause, details: [{ attempts }] });
