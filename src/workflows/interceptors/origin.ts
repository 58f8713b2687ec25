/** Carries the correlation id and the trace from the workflow's memo into the headers of every activity. */
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
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
