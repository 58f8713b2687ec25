/** The correlation id: one id for everything that one order causes, in every process that it passes. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';
import { recordRequest } from '../../platform/observability/spans.js';
import { childOf, parseTrace } from '../../platform/observability/trace.js';

export const CORRELATION_HEADER = 'x-correlation-id';
// The id goes into every log line as it came. So it has no white space, no control characters for a terminal, and a
// bound.
const PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** Takes the caller's correlation id, or makes one, and sends it back in the answer. */
function correlate(request: IncomingMessage, response: ServerResponse): string {
  const given = request.headers[CORRELATION_HEADER];
  const id = typeof given === 'string' && PATTERN.test(given) ? given : randomUUID();
  response.setHeader(CORRELATION_HEADER, id);
  return id;
}

/** The id of the W3C trace that the caller continues; undefined if the request names none. */
const traceIdOf = ({ headers: { traceparent } }: IncomingMessage): string | undefined =>
  parseTrace(traceparent)?.traceId;

/** Logs each request once, without its headers and body, because these hold addresses and payment tokens (rule 33). */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const caller = parseTrace(request.headers['traceparent']);
      if (caller) recordRequest(request, response, childOf(caller), () => routeOf(request));
      return correlate(request, response);
    },
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'correlationId' },
    customSuccessObject: (request, response, value: object) => ({ ...value, ...summary(request, response) }),
    customErrorObject: (request, response, _error, value: { responseTime?: unknown }) => ({
      responseTime: value.responseTime,
      ...summary(request, response),
    }),
    customLogLevel: (_request, response, error) => {
      if (error !== undefined || response.statusCode >= 500) return 'warn';
      return 'info';
    },
    autoLogging: { ignore: (request) => request.url?.startsWith('/health/') === true },
    serializers: { res: () => undefined, req: () => undefined },
  });
}

/**
 * The route pattern, such as `/api/payments/:id`, because a path holds any text that its caller puts into it.
 * `unknown` if no route matches.
 */
function routeOf(request: IncomingMessage & { route?: { path?: unknown } }): string {
  const path = request.route?.path;
  return typeof path === 'string' ? path : 'unknown';
}

function summary(request: IncomingMessage, response: ServerResponse): Record<string, unknown> {
  return {
    method: request.method,
    path: routeOf(request),
    traceId: traceIdOf(request),
    status: response.writableFinished ? response.statusCode : 'connection closed',
  };
}
