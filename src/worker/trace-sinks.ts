/** The ended runs of workflows as spans. */
import type { InjectedSinks } from '@temporalio/worker';
import { TRACE_HEADER } from '../caller.js';
import { recordSpan } from '../platform/observability/spans.js';
import { parseTrace, runSpanOf } from '../platform/observability/trace.js';
import type { TraceSinks } from '../workflows/interceptors/origin.js';

/** A run that is continued as new has ended well: the next run is a span beside it. */
const CONTINUED = 'ContinueAsNew';

export const traceSinks: InjectedSinks<TraceSinks> = {
  traces: {
    runEnded: {
      fn: ({ workflowType: name, workflowId, runId, runStartTime, memo }, { at, result, error }) => {
        const parent = parseTrace(memo?.[TRACE_HEADER]);
        if (!parent) return;
        const { state, reason }: { state?: unknown; reason?: unknown } = Object(result);
        const attributes = {
          'saga.id': workflowId,
          'temporal.run_id': runId,
          ...(typeof state === 'string' && { 'saga.state': state }),
          ...(typeof reason === 'string' && { 'saga.reason': reason }),
          ...(error === CONTINUED && { 'saga.continued': true }),
        };
        const own = runSpanOf(parent, runId);
        const [began, ended] = [runStartTime.getTime(), at];
        const failed = error === CONTINUED ? undefined : error;
        recordSpan({ name, kind: 'internal', own, parent, began, ended, attributes, error: failed });
      },
      callDuringReplay: false,
    },
  },
};
