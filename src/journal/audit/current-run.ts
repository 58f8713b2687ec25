/** Temporal's answer about a run whose events may differ from the stored ones: only the current run counts. */
import type { Client } from '@temporalio/client';
import type { AskRun } from '../write/append.js';
import { readWholeHistory } from './history.js';

/** Less than an attempt of `storeJournal` has. */
const PATIENCE_MS = 8_000;

/**
 * A run that was continued as new goes on after the stored events. A run that was reset shares the beginning of
 * *some* earlier run, which need not be the stored one, so its whole journal is read from its history.
 */
export const askCurrentRun =
  (client: Client): AskRun =>
  (sagaId, runId) =>
    client.withDeadline(Date.now() + PATIENCE_MS, async () => {
      const { runId: current } = await client.workflow.getHandle(sagaId).describe();
      if (current !== runId) return { standing: 'superseded' };
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId: sagaId, runId },
        maximumPageSize: 1,
      });
      const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      if (started?.originalExecutionRunId === runId) return { standing: 'current' };
      const sent = await readWholeHistory(client, sagaId, runId);
      return { standing: 'reset', entries: sent?.entries ?? [] };
    });
