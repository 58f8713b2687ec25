import type { IncomingMessage, ServerResponse } from 'node:http';
import { types } from 'node:util';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';
import { assignCorrelationId } from './correlation.js';
import { assignTrace, traceIdOf } from './trace.js';

/**
 * One log line per request: method, path, status, time, correlation and trace id. No headers, queries or bodies, and of errors
 * only named fields: the driver's carry whole rows (`detail`), with addresses in them.
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
    serializers: {
      req: (req: IncomingMessage & { originalUrl?: string }) => ({ method: req.method, path: pathOf(req) }),
      res: (res: ServerResponse) => ({ status: res.statusCode }),
      err: describeError,
    },
    customLogLevel: (_req, res) => (res.statusCode === 500 ? 'error' : res.statusCode > 500 ? 'warn' : 'info'),
    autoLogging: { ignore: (req) => req.url?.startsWith('/health/') ?? false },
  });
}

const pathOf = (req: IncomingMessage & { originalUrl?: string }): string | undefined =>
  (req.originalUrl ?? req.url)?.split('?', 1)[0];

function describeError(error: unknown): unknown {
  if (!types.isNativeError(error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const { code }: { code?: unknown } = Object(error);
  return {
    name,
    message,
    code,
    stack,
    ...(types.isNativeError(cause) && { cause: `${cause.name}: ${cause.message}` }),
  };
}
