/** The HTTP edge that every service shares: bodies, methods, and errors as problem documents. */
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import { CORRELATION_HEADER } from './correlation.js';
import { DatabaseTrouble, loggableError } from './database-errors.js';
import { readJson } from './strict-json.js';
import { problemDocument, ProblemError, unavailable } from './problem.js';

const BODY_LIMIT = 64 * 1024;

const readBytes = express.raw({ limit: BODY_LIMIT, type: 'application/json', inflate: false });

/** JSON has no encoding but UTF-8, and no parameter that names one. */
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(?:;|$))/i;

/** Reads a JSON body; no body leaves `request.body` undefined. */
export const jsonBody: RequestHandler = (request, response, next) => {
  const empty =
    request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0;
  if (empty) return next();
  if (request.is('application/json') === false) {
    throw new ProblemError('UnsupportedMediaType', 'Send the body as application/json.');
  }
  if (OTHER_CHARSET.test(request.get('content-type') ?? '')) {
    throw new ProblemError('UnsupportedMediaType', 'Send the body in UTF-8.');
  }
  return readBytes(request, response, (error?: unknown) => {
    if (error !== undefined) return next(error);
    const { body }: { body?: unknown } = request;
    const read = Buffer.isBuffer(body) && body.length > 0 ? readJson(body) : { value: undefined };
    if ('refused' in read) return next(new ProblemError('MalformedJson', read.refused));
    request.body = read.value;
    return next();
  });
};

/** Ends a route: a request that arrives here has another method, and is refused with 405. */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  return (request) => {
    const detail = `${request.method} is not possible here; ${methods.join(', ')} is.`;
    throw new ProblemError('MethodNotAllowed', detail, { headers: { Allow: allow.join(', ') } });
  };
}

export const unknownRoute: RequestHandler = () => {
  throw new ProblemError('NotFound', 'No such path; see /openapi.json.');
};

export const answerProblem: ErrorRequestHandler = (error: unknown, request, response, _next) => {
  const problem = asProblem(error, request);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of a body that was too large is not read.
  if (problem.status === 413) response.set('Connection', 'close');
  response
    .status(problem.status)
    .set(problem.extras.headers ?? {})
    .type('application/problem+json')
    .send(JSON.stringify(problemDocument(problem, response.get(CORRELATION_HEADER) ?? '')));
};

function asProblem(error: unknown, request: Request): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DatabaseTrouble) {
    request.log.warn({ err: loggableError(error) }, 'the database is in trouble');
    return unavailable('The database cannot be used at the moment; repeat the request.');
  }
  const status = statusOf(error);
  if (status !== undefined && status < 500) return refusedByExpress(status);
  request.log.error({ err: loggableError(error) }, 'the request failed on a fault of this service');
  return new ProblemError('InternalError', 'The fault was logged under the correlation id.');
}

/** Express and its body parser throw errors that carry a status. */
function refusedByExpress(status: number): ProblemError {
  if (status === 413) return new ProblemError('PayloadTooLarge', `A body may have ${BODY_LIMIT} bytes.`);
  if (status === 415) return new ProblemError('UnsupportedMediaType', 'Send the body as it is, not compressed.');
  return new ProblemError('ValidationFailed', 'The request could not be read.');
}

function statusOf(error: unknown): number | undefined {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}
