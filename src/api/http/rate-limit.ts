/** Limits the requests per minute of one caller; the headers follow draft-ietf-httpapi-ratelimit-headers. */
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { callerOf } from './caller.js';
import { PROBLEMS, Problem } from '../../problems.js';

const WINDOW_S = 60;

/**
 * Counted by this process, in windows of a minute that are the same for all callers. Unknown callers are counted by
 * address, so that credentials cannot be tried out.
 */
export function rateLimit(perMinute: number): [known: RequestHandler, unknown: ErrorRequestHandler] {
  let window = 0;
  let used = new Map<string, number>();

  function take(req: Request, who: string): void {
    const at = Date.now() / 1_000;
    const current = Math.floor(at / WINDOW_S);
    if (current !== window) [window, used] = [current, new Map()];
    const count = (used.get(who) ?? 0) + 1;
    used.set(who, count);
    const reset = Math.ceil((current + 1) * WINDOW_S - at);
    req.res?.set('RateLimit-Policy', `"minute";q=${perMinute};w=${WINDOW_S}`);
    req.res?.set('RateLimit', `"minute";r=${Math.max(perMinute - count, 0)};t=${reset}`);
    if (count > perMinute) throw new Problem('TooManyRequests', { retryAfter: reset });
  }

  return [
    (req, _res, next) => {
      const { id } = callerOf(req);
      take(req, id === 'anybody' ? addressOf(req) : id);
      next();
    },
    (error: unknown, req, _res, next) => {
      if (error instanceof Problem && PROBLEMS[error.code].status === 401) take(req, addressOf(req));
      next(error);
    },
  ];
}

const addressOf = ({ ip }: Request): string => `address:${ip ?? ''}`;
