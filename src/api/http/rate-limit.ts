/** Limits the requests per minute of one caller; the headers follow draft-ietf-httpapi-ratelimit-headers-08. */
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { type AugmentedRequest, ipKeyGenerator, rateLimit as limiterWith } from 'express-rate-limit';
import { Problem, PROBLEMS } from '../../problems.js';
import { knownCallerOf } from './caller.js';
import { hashOfCaller } from './credentials.js';

const WINDOW_MS = 60_000;

/**
 * Counted by this process, in windows of a minute that begin with a caller's first request. A request whose credentials
 * are refused counts for its address, so that credentials cannot be tried out.
 */
export function rateLimit(perMinute: number): [known: RequestHandler, unknown: ErrorRequestHandler] {
  const limiter = limiterWith({
    windowMs: WINDOW_MS,
    limit: perMinute,
    identifier: 'minute',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: keyOf,
    handler: (req, _res, next) => {
      next(new Problem('TooManyRequests', { retryAfter: secondsUntilReset(req as AugmentedRequest) }));
    },
  });
  return [
    limiter,
    (error: unknown, req, res, next) => {
      const isUnknown = error instanceof Problem && PROBLEMS[error.code].status === 401;
      if (isUnknown) void limiter(req, res, (limited?: unknown) => next(limited ?? error));
      else next(error);
    },
  ];
}

/** A hash, because the library writes its keys to a log if `DEBUG` names it. Of IPv6 addresses the network (/56) counts. */
function keyOf(req: Request): string {
  const known = knownCallerOf(req);
  const isNamed = known !== undefined && known.id !== 'anybody';
  return hashOfCaller(isNamed ? known.id : `address:${ipKeyGenerator(req.ip ?? '')}`);
}

const secondsUntilReset = ({ rateLimit }: AugmentedRequest): number => {
  const resetTime = rateLimit?.['resetTime'] ?? new Date(Date.now() + WINDOW_MS);
  return Math.max(1, Math.ceil((resetTime.getTime() - Date.now()) / 1_000));
};
