/** The runs of orders that Temporal still knows, closed ones included. Visibility lags by a moment. */
import type { Client } from '@temporalio/client';
import { ORDER_FULFILLMENT } from '../workflows/messages.js';

export interface SagaRun {
  readonly runId: string;
  readonly startedAt: number;
}

/** Of one order, the earliest first: one that was reset or continued as new has several. */
export async function listRuns(client: Client, sagaId: string): Promise<SagaRun[]> {
  const runs: SagaRun[] = [];
  const query = `WorkflowType = '${ORDER_FULFILLMENT}' AND WorkflowId = '${sagaId.replaceAll("'", '')}'`;
  for await (const { runId, startTime } of client.workflow.list({ query })) {
    runs.push({ runId, startedAt: startTime.getTime() });
  }
  return runs.sort((one, other) => one.startedAt - other.startedAt);
}

/** Ids of orders with at least one run, page by page; one with several runs may come several times. */
export async function* listRunPages(client: Client, pageSize: number): AsyncGenerator<ReadonlySet<string>> {
  let page = new Set<string>();
  for await (const { workflowId } of client.workflow.list({
    query: `WorkflowType = '${ORDER_FULFILLMENT}'`,
    pageSize,
  })) {
    page.add(workflowId);
    if (page.size < pageSize) continue;
    yield page;
    page = new Set();
  }
  if (page.size > 0) yield page;
}
