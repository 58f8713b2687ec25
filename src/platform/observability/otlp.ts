/** OpenTelemetry's own part: spans as the SDK reads them, sent in batches as OTLP over HTTP. Loaded only if it is wanted. */
import { type HrTime, type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { StartError } from '../start-error.js';
import type { Span, SpanPlace } from './trace.js';

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };

/**
 * Sends spans to the endpoint of the standard variables, which the SDK reads itself.
 *
 * @throws StartError if they ask for a protocol that there is not
 */
export async function openOtlp(serviceName: string, env: NodeJS.ProcessEnv) {
  const named = resourceFromAttributes({ 'service.name': serviceName });
  const resource = detectResources({ detectors: [envDetector] }).merge(named);
  const processor = new BatchSpanProcessor(await exporterFor(env));
  return {
    record: (span: Span): void => processor.onEnd(readable(span, resource)),
    /** Sends what is left. */
    close: (): Promise<void> => processor.shutdown(),
  };
}

async function exporterFor(env: NodeJS.ProcessEnv): Promise<SpanExporter> {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf';
  if (protocol === 'http/json')
    return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
  if (protocol === 'http/protobuf')
    return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
  throw new StartError(`OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}": there are http/protobuf and http/json.`);
}

function readable(span: Span, resource: ReadableSpan['resource']): ReadableSpan {
  const { name, own, parent, began, ended, attributes, error } = span;
  return {
    name,
    kind: KINDS[span.kind],
    spanContext: () => contextOf(own),
    ...(parent && { parentSpanContext: contextOf(parent) }),
    startTime: hrTime(began),
    endTime: hrTime(ended),
    duration: hrTime(ended - began),
    status: error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'unwind' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const contextOf = ({ traceId, spanId, flags }: SpanPlace): SpanContext => ({
  traceId,
  spanId,
  traceFlags: Number.parseInt(flags, 16),
});

/** Seconds and nanoseconds. */
const hrTime = (ms: number): HrTime => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
