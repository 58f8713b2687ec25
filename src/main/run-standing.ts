/** What Temporal says of a run whose events differ from what is stored: only the current one counts. */
import type { Client } from '@temporalio/client';
import type { AskRun } from '../journal/append.js';

const PATIENCE_MS = 1_500;

/**
 * A reset run begins with the history of the one that it was reset from, and has its first event from there; one that was
 * continued as new begins by itself.
 */
export const runStanding =
  (client: Client): AskRun =>
  (sagaId, runId) =>
    client.withDeadline(Date.now() + PATIENCE_MS, async () => {
      const { runId: current } = await client.workflow.getHandle(sagaId).describe();
      if (current !== runId) return 'superseded';
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId: sagaId, runId },
        maximumPageSize: 1,
      });
      const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      return started?.originalExecutionRunId === runId ? 'current' : 'reset';
    });
