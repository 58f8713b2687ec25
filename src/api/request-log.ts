import type { IncomingMessage, ServerResponse } from 'node:http';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';
import { assignCorrelationId } from './correlation.js';
import { describeError } from './describe-error.js';
import { routePattern } from './route-pattern.js';
import { assignTrace, traceIdOf } from './trace.js';

/**
 * One log line per request: method, route, status, time, correlation and trace id. No paths, headers, queries or bodies, and of
 * errors only named fields: the driver's carry whole rows (`detail`), with addresses in them.
 */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (req, res) => {
      assignTrace(req, res);
      return assignCorrelationId(req, res);
    },
    customProps: (req) => ({ traceId: traceIdOf(req) }),
    customAttributeKeys: { reqId: 'correlationId' },
    quietReqLogger: true,
    wrapSerializers: false,
    quietResLogger: true,
    customSuccessObject: (req, _res, value: object) => ({ req: requestOf(req), ...value }),
    customErrorObject: (req, _res, _error, value: object) => ({ req: requestOf(req), ...value }),
    serializers: {
      res: (res: ServerResponse) => ({ status: res.statusCode }),
      err: describeError,
    },
    customLogLevel: (_req, res) => (res.statusCode === 500 ? 'error' : res.statusCode > 500 ? 'warn' : 'info'),
    autoLogging: { ignore: (req) => req.url?.startsWith('/health/') ?? false },
  });
}

const requestOf = (req: IncomingMessage & { originalUrl?: string }): { method?: string | undefined; path: string } => ({
  method: req.method,
  path: routePattern((req.originalUrl ?? req.url ?? '').split('?', 1)[0] ?? ''),
});
