/** What an attempt of a webhook means, and when the next one is made. */
import { retryAfterOf } from '../outbound/retry-after.js';
import type { Answered } from './send.js';

export type Judgement =
  | { readonly kind: 'delivered' }
  /** 410: the endpoint wants nothing more, of this and of all other messages. */
  | { readonly kind: 'ended' }
  /** `retryAfterMs`: the endpoint as a whole asks for a pause. */
  | { readonly kind: 'failed'; readonly retryAfterMs?: number };

/** The longest pause that an endpoint may ask for. */
const LONGEST_ASKED_MS = 24 * 3_600_000;

/** Statuses whose `Retry-After` counts. */
const ASKS_FOR_A_PAUSE: ReadonlySet<number> = new Set([429, 503]);

/** 2xx is delivered, 410 ends the endpoint; anything else, redirects included, is tried again. */
export function judge({ status, retryAfter, date }: Answered): Judgement {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'ended' };
  const seconds = ASKS_FOR_A_PAUSE.has(status) ? retryAfterOf(retryAfter, date) : undefined;
  if (seconds === undefined) return { kind: 'failed' };
  return { kind: 'failed', retryAfterMs: Math.min(seconds * 1_000, LONGEST_ASKED_MS) };
}

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

/** The pauses after the first, second, … attempt; the last one is repeated. */
const PAUSES: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
];

/** A message is tried for so long; the attempt after that is the last one. */
export const PATIENCE_MS = 3 * 24 * HOUR;

/** Spread by a fifth either way, so that what failed together is not tried again together. */
const SPREAD = 0.2;

/**
 * Milliseconds before the next attempt.
 *
 * @param attempts that were made, from 1 on
 * @param draw from 0 to 1
 */
export function pauseAfter(attempts: number, draw = Math.random()): number {
  const pause = PAUSES[Math.min(attempts, PAUSES.length) - 1] ?? SECOND;
  return Math.round(pause * (1 - SPREAD + 2 * SPREAD * draw));
}
