/** Problem documents (RFC 9457): the answer to every request that fails. */
import { types } from 'node:util';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { InvalidCursorError } from '../../journal/read/reader.js';
import { JournalUnavailableError } from '../../journal/tables/unavailable.js';
import { OrdersUnavailableError } from '../../orders/store/unavailable.js';
import { noteDenial } from './credentials.js';
import { correlationIdOf } from '../../platform/observability/correlation.js';
import {
  PROBLEMS,
  problemType,
  type ProblemCode,
  type ProblemKind,
  type ProblemDetails,
  Problem,
} from '../../problems.js';

function sendProblem(res: Response, code: ProblemCode, details: ProblemDetails = {}): void {
  const { status, title, retryAfter: standard }: ProblemKind = PROBLEMS[code];
  const { retryAfter = standard, caller: _caller, ...members } = details;
  if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
  if (status === 401) res.set('WWW-Authenticate', challengeOf(code, details.reason));
  res.set('Cache-Control', 'no-store');
  const document = {
    type: problemType(code),
    title,
    status,
    code,
    ...members,
    correlationId: correlationIdOf(res.req),
  };
  res.status(status).type('application/problem+json').send(JSON.stringify(document));
}

/** RFC 6750: nothing but `Bearer` if no credentials were sent. */
const challengeOf = (code: ProblemCode, reason = ''): string =>
  code === 'InvalidCredentials' ? `Bearer error="invalid_token", error_description="${reason}"` : 'Bearer';

export const routeNotFound: RequestHandler = (_req, res) => sendProblem(res, 'RouteNotFound');

/** Last handler of a route: refuses other methods, and names the allowed ones. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res) => {
    res.set('Allow', allow);
    if (req.method === 'OPTIONS') res.status(204).end();
    else sendProblem(res, 'MethodNotAllowed', { detail: `Allowed are: ${allow}` });
  };
}

export const answerWithProblem: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const problem = problemOf(error);
  const { reason, caller } = problem.details;
  if (reason !== undefined) noteDenial(res.req, { reason, ...(caller && { caller }) });
  // The log line of a failed request has the error; the answer never does.
  if (PROBLEMS[problem.code].status >= 500) res.err = types.isNativeError(problem.cause) ? problem.cause : problem;
  // Part of another answer is sent already, so only the connection can still be ended.
  if (res.headersSent) res.destroy();
  else sendProblem(res, problem.code, problem.details);
};

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof OrdersUnavailableError) return new Problem('OrdersUnavailable', {}, { cause: error });
  if (error instanceof JournalUnavailableError) return new Problem('JournalUnavailable', {}, { cause: error });
  if (error instanceof InvalidCursorError) {
    return new Problem('InvalidRequest', {
      errors: [{ field: 'cursor', message: 'is not one that this list has given out' }],
    });
  }
  const { type, status, code }: { type?: unknown; status?: unknown; code?: unknown } = Object(error);
  const bodyError = BODY_ERRORS[String(type ?? code)];
  if (bodyError) return new Problem(bodyError.code, { errors: [{ field: 'body', message: bodyError.message }] });
  // A path that cannot be decoded, a connection that broke while the body was read.
  if (typeof status === 'number' && status >= 400 && status < 500) return new Problem('InvalidRequest');
  return new Problem('InternalError', {}, { cause: error });
}

/** The faults of a body before it is parsed. */
const BODY_ERRORS: Readonly<Record<string, { code: ProblemCode; message: string }>> = {
  'entity.too.large': { code: 'PayloadTooLarge', message: 'is larger than 64 KB' },
  Z_DATA_ERROR: { code: 'InvalidRequest', message: 'is not compressed as its Content-Encoding says' },
  'encoding.unsupported': { code: 'UnsupportedEncoding', message: 'has an unknown Content-Encoding' },
};
