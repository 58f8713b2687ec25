/**
 * How a participant's answer becomes a failure of an activity. There are two kinds only: a *refusal* ends the step, and
 * everything else is tried again until the step's budget is spent, and leaves the outcome unknown.
 *
 * | what came back                                                | failure               | tried again |
 * |---------------------------------------------------------------|-----------------------|-------------|
 * | a problem document whose code the step knows as a refusal      | that code             | no          |
 * | nothing: network error, attempt time-out                       | `ServiceUnreachable`  | yes         |
 * | 408, 425, 429, 5xx                                             | `ServiceUnavailable`  | yes, `Retry-After` honoured |
 * | 401, 403, 407, whatever the body says; any other 4xx           | `OperationalFault`    | yes, alerted on |
 * | an answer that does not fit its schema                         | `MalformedAnswer`     | yes, alerted on |
 */
import { ApplicationFailure } from '@temporalio/common';

export type FaultType = 'ServiceUnreachable' | 'ServiceUnavailable' | 'OperationalFault' | 'MalformedAnswer';

/** A definitive business answer: `type` is its code, by which the saga knows it (rule 8). */
export const refusal = (code: string, attempts: number): ApplicationFailure =>
  ApplicationFailure.create({ type: code, message: code, nonRetryable: true, details: [{ attempts }] });

/** What a service asked for, and how much of the step's budget is left for it; both in milliseconds. */
export interface Asked {
  readonly retryAfter: number;
  readonly left: number;
}

/**
 * A fault that may pass. Pauses double from half a second to a minute, spread over half their length: retry policies
 * have no jitter of their own, and sagas that failed together must not come back together (rule 10). What the service
 * asked for is waited for, as long as the budget leaves time for one attempt more.
 */
export function fault(type: FaultType, message: string, attempts: number, asked?: Asked): ApplicationFailure {
  const pause = Math.min(60_000, 500 * 2 ** Math.min(attempts - 1, 16));
  const wait = asked ? Math.min(asked.retryAfter, Math.max(asked.left, 0)) : 0;
  return later(type, message, attempts, Math.max(wait, pause / 2) + (Math.random() * pause) / 2);
}

/**
 * A failure after which the activity is tried again in `pause` milliseconds: by Temporal, or by the saga, which does not
 * get to see Temporal's own field for it.
 *
 * @param attempts 0 where it was not even tried
 */
export const later = (type: string, message: string, attempts: number, pause: number): ApplicationFailure =>
  ApplicationFailure.create({
    type,
    message,
    nextRetryDelay: pause,
    details: [{ attempts, pause: Math.round(pause) }],
  });
