/** Carries the correlation id and the trace from the workflow's memo into the headers of every activity. */
import { defaultPayloadConverter } from '@temporalio/common';
import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { CORRELATION_ID, TRACEPARENT } from './messages.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        const { memo } = workflowInfo();
        // Headers bypass the payload codec: ids and nothing else.
        const headers = {
          ...input.headers,
          ...header(CORRELATION_ID, memo?.['correlationId']),
          ...header(TRACEPARENT, memo?.['traceparent']),
        };
        return next({ ...input, headers });
      },
    },
  ],
});

const header = (name: string, id: unknown) =>
  typeof id === 'string' ? { [name]: defaultPayloadConverter.toPayload(id) } : {};
