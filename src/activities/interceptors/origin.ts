/**
 * Makes the correlation id and the trace of the saga known to the HTTP client and the log, for every activity. Each attempt
 * is a span within the span of its saga's run.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ApplicationFailure, defaultPayloadConverter, type Headers } from '@temporalio/common';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';
import { recordSpan } from '../../platform/observability/spans.js';
import { childOf, parseTrace, runSpanOf, type SpanPlace, traceparentOf } from '../../platform/observability/trace.js';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

interface Origin {
  readonly correlationId: string | undefined;
  /** The span of this attempt; undefined if its saga has no trace. */
  readonly trace: SpanPlace | undefined;
}

const current = new AsyncLocalStorage<Origin>();

/** The origin of the call as HTTP headers. */
export function originHeaders(): Record<string, string> {
  const { correlationId: id, trace } = current.getStore() ?? {};
  return {
    ...(id !== undefined && { [CORRELATION_HEADER]: id }),
    ...(trace && { [TRACE_HEADER]: traceparentOf(trace) }),
  };
}

/** The text that a header holds, if it is there. */
export const textOf = (headers: Headers, name: string): string | undefined => {
  const payload = headers[name];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
};

/** Register it with the worker: it reads the headers of each activity. */
export const correlationInterceptor: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: async (input, next) => {
      const correlationId = textOf(input.headers, CORRELATION_HEADER);
      const request = parseTrace(textOf(input.headers, TRACE_HEADER));
      const run = info.workflowExecution;
      if (!request || !run) return await current.run({ correlationId, trace: undefined }, () => next(input));
      const parent = runSpanOf(request, run.runId);
      const own = childOf(parent);
      const began = Date.now();
      const end = (error?: string): void => {
        const { activityType: name, taskQueue } = info;
        const attributes = {
          'saga.id': run.workflowId,
          'temporal.attempt': info.attempt,
          'temporal.task_queue': taskQueue,
        };
        recordSpan({ name, kind: 'client', own, parent, began, ended: Date.now(), attributes, error });
      };
      try {
        const result = await current.run({ correlationId, trace: own }, () => next(input));
        end();
        return result;
      } catch (error) {
        end(codeOf(error));
        throw error;
      }
    },
  },
  outbound: {
    getLogAttributes(attributes, next) {
      const { correlationId: id, trace } = current.getStore() ?? {};
      return next({ ...attributes, ...(id && { correlationId: id }), ...(trace && { traceId: trace.traceId }) });
    },
  },
});

/** A failure's code, which is its type, or the name of another error: messages may hold what is personal. */
function codeOf(error: unknown): string {
  if (error instanceof ApplicationFailure) return error.type ?? error.name;
  return error instanceof Error ? error.name : 'Error';
}
