/** Access to the service: a caller must send the service's token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { ProblemError } from './problem.js';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Refuses every other call (401). The comparison takes the same time for a token that is almost right. */
export function requireToken(token: string): RequestHandler {
  const wanted = digestOf(token);
  return (request, _response, next) => {
    const [, shown] = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '') ?? [];
    if (shown !== undefined && timingSafeEqual(digestOf(shown), wanted)) return next();
    const detail =
      shown === undefined ? 'Send its token as a bearer token.' : 'The token is not the one of this service.';
    throw new ProblemError('Unauthenticated', detail, { headers: { 'WWW-Authenticate': 'Bearer' } });
  };
}
