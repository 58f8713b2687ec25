/** W3C trace context: https://www.w3.org/TR/trace-context/#traceparent-header */
import { randomBytes } from 'node:crypto';
import { TRACE_HEADER } from '../../caller.js';
import type { IncomingMessage, ServerResponse } from 'node:http';

const PATTERN = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const traces = new WeakMap<IncomingMessage, string>();

/** Continues the caller's trace, or begins one if its header is absent or malformed, and sets it on the answer. */
export function assignTrace(req: IncomingMessage, res: ServerResponse): void {
  const given = req.headers[TRACE_HEADER];
  const [, traceId = randomBytes(16).toString('hex'), , flags = '01'] =
    typeof given === 'string' && PATTERN.test(given) ? given.split('-') : [];
  const trace = `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
  traces.set(req, trace);
  res.setHeader(TRACE_HEADER, trace);
}

/** The `traceparent` that this request passes on. */
export const traceOf = (req: IncomingMessage): string => traces.get(req) ?? '';

export const traceIdOf = (req: IncomingMessage): string => traceOf(req).split('-')[1] ?? '';
