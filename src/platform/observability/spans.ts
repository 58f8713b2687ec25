/**
 * Spans for OpenTelemetry, sent to the endpoint that the standard variables name. Without an endpoint nothing of
 * OpenTelemetry is loaded, and `recordSpan` does nothing.
 *
 * The ids of spans are ours, not the SDK's: a run of a workflow is a span whose id every worker can reckon, so that a
 * replay makes none. Attributes hold ids and codes, nothing personal (rule 33).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TRACE_HEADER } from '../../caller.js';
import { StartError } from '../start-error.js';
import { parseTrace, type Span, type SpanPlace } from './trace.js';

let record: ((span: Span) => void) | undefined;

/** Hands the span to the exporter, which sends it later, unless its trace is not recorded. It does not throw. */
export function recordSpan(span: Span): void {
  record?.(span);
}

/**
 * Records spans from now on if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set, unless
 * `OTEL_SDK_DISABLED` is `true` or `OTEL_TRACES_EXPORTER` is `none`. The service's name is `OTEL_SERVICE_NAME`, or else
 * `unwind-` and the process.
 *
 * @returns sends what is left, and ends the recording
 * @throws StartError if the variables ask for an exporter or a protocol that there is not
 */
export async function startRecording(process: string, env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  if (!isWanted(env)) return async () => undefined;
  const { openOtlp } = await import('./otlp.js');
  const otlp = await openOtlp(env['OTEL_SERVICE_NAME'] || `unwind-${process}`, env);
  record = otlp.record;
  return async () => {
    record = undefined;
    await otlp.close();
  };
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER'] || 'otlp';
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || exporter === 'none') return false;
  if (exporter !== 'otlp') throw new StartError(`OTEL_TRACES_EXPORTER is "${exporter}": there are otlp and none.`);
  return true;
}

/** Records a request as a server's span when its answer has ended or its connection is closed. */
export function recordRequest(
  req: IncomingMessage,
  res: ServerResponse,
  own: SpanPlace | undefined,
  routeOf: () => string,
): void {
  if (!record || !own || req.url?.startsWith('/health/')) return;
  const began = Date.now();
  const parent = parseTrace(req.headers[TRACE_HEADER]);
  res.once('close', () => {
    const route = routeOf();
    recordSpan({
      name: `${req.method} ${route}`,
      kind: 'server',
      own,
      parent,
      began,
      ended: Date.now(),
      attributes: {
        'http.request.method': req.method ?? '',
        'http.route': route,
        'http.response.status_code': res.statusCode,
      },
      ...(res.statusCode >= 500 && { error: String(res.statusCode) }),
    });
  });
}
