/**
 * Carries the correlation id and the trace from the workflow's memo into the headers of every activity, and says when a
 * run has ended, which is a span of its trace.
 */
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { proxySinks, type Sinks, workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';

/** The end of a run: the workflow's result, or the name of the error with which it ended. */
export interface RunEnd {
  /** Milliseconds since 1970, by the workflow's clock. */
  readonly at: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The worker's side of it: not called in a replay. */
export interface TraceSinks extends Sinks {
  traces: { runEnded(end: RunEnd): void };
}

const { traces } = proxySinks<TraceSinks>();

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        const { [TRACE_HEADER]: trace } = workflowInfo().memo ?? {};
        if (trace === undefined) return await next(input);
        try {
          const result = await next(input);
          traces.runEnded({ at: Date.now(), result });
          return result;
        } catch (error) {
          traces.runEnded({ at: Date.now(), error: error instanceof Error ? error.name : 'Error' });
          throw error;
        }
      },
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, headers: withOrigin(input.headers) }),
    },
  ],
});

/** Headers bypass the payload codec, so they hold ids and nothing else. */
function withOrigin(headers: Headers): Headers {
  const { memo } = workflowInfo();
  return {
    ...headers,
    ...header(CORRELATION_HEADER, memo?.['correlationId']),
    ...header(TRACE_HEADER, memo?.['traceparent']),
  };
}

const header = (name: string, id: unknown) =>
  typeof id === 'string' ? { [name]: defaultPayloadConverter.toPayload(id) } : {};
