/** Carries the correlation id from the workflow's memo into the header of every activity. */
import { defaultPayloadConverter } from '@temporalio/common';
import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { CORRELATION_ID } from './messages.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        const correlationId = workflowInfo().memo?.['correlationId'];
        if (typeof correlationId !== 'string') return next(input);
        // Headers bypass the payload codec: an id and nothing else.
        const headers = { ...input.headers, [CORRELATION_ID]: defaultPayloadConverter.toPayload(correlationId) };
        return next({ ...input, headers });
      },
    },
  ],
});
