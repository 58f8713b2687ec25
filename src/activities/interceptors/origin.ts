/** Makes the correlation id and the trace of the saga known to the HTTP client and the log, for every activity. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

interface Origin {
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
}

const current = new AsyncLocalStorage<Origin>();

/** The origin of the call as HTTP headers: each call is a span of its own in the saga's trace. */
export function originHeaders(): Record<string, string> {
  const { correlationId: id, traceparent } = current.getStore() ?? {};
  const [version, traceId, , flags] = traceparent?.split('-') ?? [];
  const trace = traceId && `${version}-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
  return { ...(id !== undefined && { [CORRELATION_HEADER]: id }), ...(trace && { [TRACE_HEADER]: trace }) };
}

/** The text that a header holds, if it is there. */
export const textOf = (headers: Headers, name: string): string | undefined => {
  const payload = headers[name];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
};

/** Register it with the worker: it reads the headers of each activity. */
export const correlationInterceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: (input, next) =>
      current.run(
        { correlationId: textOf(input.headers, CORRELATION_HEADER), traceparent: textOf(input.headers, TRACE_HEADER) },
        () => next(input),
      ),
  },
  outbound: {
    getLogAttributes(attributes, next) {
      const { correlationId: id, traceparent } = current.getStore() ?? {};
      const traceId = traceparent?.split('-')[1];
      return next({ ...attributes, ...(id && { correlationId: id }), ...(traceId && { traceId }) });
    },
  },
});
