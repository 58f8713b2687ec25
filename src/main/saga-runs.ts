/** The runs of every order that Temporal still knows, closed ones included. */
import type { Client } from '@temporalio/client';
import { ORDER_FULFILLMENT } from '../workflows/messages.js';

export interface SagaRun {
  readonly runId: string;
  readonly startedAt: number;
}

/** By saga, the earliest first: an order that was reset or continued as new has several. Visibility lags by a moment. */
export async function listRuns(client: Client, sagaId?: string): Promise<Map<string, SagaRun[]>> {
  const one = sagaId === undefined ? '' : ` AND WorkflowId = '${sagaId.replaceAll("'", '')}'`;
  const runs = new Map<string, SagaRun[]>();
  for await (const { workflowId, runId, startTime } of client.workflow.list({
    query: `WorkflowType = '${ORDER_FULFILLMENT}'${one}`,
  })) {
    const known = runs.get(workflowId) ?? [];
    runs.set(workflowId, [...known, { runId, startedAt: startTime.getTime() }]);
  }
  for (const known of runs.values()) known.sort((one, other) => one.startedAt - other.startedAt);
  return runs;
}
