/** One id for everything that one order causes, in every process it passes. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';

export const CORRELATION_HEADER = 'x-correlation-id';
// It goes into every log line as it came: no white space, nothing that a terminal would obey, not long.
const PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** Takes the caller's correlation id, or makes one, and answers it. */
function correlate(request: IncomingMessage, response: ServerResponse): string {
  const given = request.headers[CORRELATION_HEADER];
  const id = typeof given === 'string' && PATTERN.test(given) ? given : randomUUID();
  response.setHeader(CORRELATION_HEADER, id);
  return id;
}

/** Of the W3C trace that the caller goes on with; undefined where it names none. */
const traceIdOf = ({ headers: { traceparent } }: IncomingMessage): string | undefined =>
  /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(String(traceparent))?.[1];

/** Logs each request once, without its headers and body: addresses and payment tokens are in there (rule 33). */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: correlate,
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

/** Such as `/api/payments/:id`: a path holds whatever its caller puts into it. `unknown` if no route has it. */
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
