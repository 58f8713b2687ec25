import type { IncomingMessage, ServerResponse } from 'node:http';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';
import { knownCallerOf } from './caller.js';
import { denialOf, loggedCaller } from './credentials.js';
import { assignCorrelationId } from '../../platform/observability/correlation.js';
import { describeError } from '../../platform/describe-error.js';
import { routePattern } from './route-pattern.js';
import { recordRequest } from '../../platform/observability/spans.js';
import { assignTrace, spanOf, traceIdOf } from '../../platform/observability/trace.js';
import type { LoggedCaller } from '../../problems.js';

/**
 * One log line per request: method, route, caller, status, time, correlation and trace id. No paths, headers, queries
 * or bodies, and of errors only named fields, because the driver's errors carry whole rows (`detail`) with addresses
 * in them.
 */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (req, res) => {
      assignTrace(req, res);
      recordRequest(req, res, spanOf(req), () => requestOf(req).path);
      return assignCorrelationId(req, res);
    },
    customProps: (req) => ({ traceId: traceIdOf(req) }),
    customAttributeKeys: { reqId: 'correlationId' },
    quietReqLogger: true,
    wrapSerializers: false,
    quietResLogger: true,
    customSuccessObject: (req, _res, value: object) => ({ req: requestOf(req), ...whoAsked(req), ...value }),
    customErrorObject: (req, _res, _error, value: object) => ({ req: requestOf(req), ...whoAsked(req), ...value }),
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

/** The caller without a name, and the reason if it was refused (L4). */
function whoAsked(req: IncomingMessage): { caller?: LoggedCaller; reason?: string } {
  const known = knownCallerOf(req);
  const denial = denialOf(req);
  return { ...(known && { caller: loggedCaller(known) }), ...denial };
}
