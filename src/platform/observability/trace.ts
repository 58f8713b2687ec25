/** W3C trace context: https://www.w3.org/TR/trace-context/#traceparent-header */
import { randomBytes } from 'node:crypto';
import { TRACE_HEADER } from '../../caller.js';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The place of a span: its trace, itself, and whether its trace is recorded. */
export interface SpanPlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Two hexadecimal digits; the lowest bit says that the trace is recorded. */
  readonly flags: string;
}

export interface Span {
  /** Few different ones: a route, a type of activity; no ids. */
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly own: SpanPlace;
  /** Undefined: the first span of its trace. */
  readonly parent: SpanPlace | undefined;
  /** Milliseconds since 1970, both. */
  readonly began: number;
  readonly ended: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** A code, if it failed. */
  readonly error?: string | undefined;
}

const PATTERN = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined if it is no `traceparent` of version 00. */
export function parseTrace(traceparent: unknown): SpanPlace | undefined {
  const [, traceId, spanId, flags] = typeof traceparent === 'string' ? (PATTERN.exec(traceparent) ?? []) : [];
  return traceId && spanId && flags ? { traceId, spanId, flags } : undefined;
}

/** The span as the `traceparent` of the calls that it makes. */
export const traceparentOf = ({ traceId, spanId, flags }: SpanPlace): string => `00-${traceId}-${spanId}-${flags}`;

export const newSpanId = (): string => randomBytes(8).toString('hex');

/** A trace that nothing caused from outside. */
export const beginTrace = (): SpanPlace => ({
  traceId: randomBytes(16).toString('hex'),
  spanId: newSpanId(),
  flags: '01',
});

/** A span within the given one, or of a trace of its own. */
export const childOf = (parent: SpanPlace | undefined): SpanPlace =>
  parent ? { ...parent, spanId: newSpanId() } : beginTrace();

/**
 * The span of a workflow's run, within the request that started the workflow: its id is the first half of the run's, so
 * that every worker reckons the same.
 */
export const runSpanOf = (request: SpanPlace, runId: string): SpanPlace => ({
  ...request,
  spanId: runId.replaceAll('-', '').slice(0, 16),
});

const traces = new WeakMap<IncomingMessage, SpanPlace>();

/** Continues the caller's trace, or begins one if its header is absent or malformed, and sets it on the answer. */
export function assignTrace(req: IncomingMessage, res: ServerResponse): void {
  const trace = childOf(parseTrace(req.headers[TRACE_HEADER]));
  traces.set(req, trace);
  res.setHeader(TRACE_HEADER, traceparentOf(trace));
}

/** The span that `assignTrace` gave the request. */
export const spanOf = (req: IncomingMessage): SpanPlace | undefined => traces.get(req);

/** The `traceparent` that this request passes on. */
export function traceOf(req: IncomingMessage): string {
  const trace = traces.get(req);
  return trace ? traceparentOf(trace) : '';
}

export const traceIdOf = (req: IncomingMessage): string => traces.get(req)?.traceId ?? '';
