/** The runs of sagas that Temporal still knows, closed ones included. Visibility lags by a moment. */
import type { Client } from '@temporalio/client';
import { ORDER_WORKFLOWS, SagaStateAttribute } from '../../workflows/messages.js';

/** Temporal runs other workflows as well: a saga is recognised by the attribute that it is started with. */
export const IS_SAGA = `(WorkflowType IN (${ORDER_WORKFLOWS.map((type) => `'${type}'`).join(', ')}) OR ${SagaStateAttribute.name} IS NOT NULL)`;

/** A workflow's id in a query. */
export const idIs = (sagaId: string): string => `WorkflowId = '${sagaId.replaceAll("'", '')}'`;

export interface SagaRun {
  readonly runId: string;
  readonly startedAt: number;
}

/** The runs of one saga, the earliest first: a saga that was reset or continued as new has several. */
export async function listRuns(client: Client, sagaId: string): Promise<SagaRun[]> {
  const runs: SagaRun[] = [];
  for await (const { runId, startTime } of client.workflow.list({ query: idIs(sagaId) })) {
    runs.push({ runId, startedAt: startTime.getTime() });
  }
  return runs.sort((one, other) => one.startedAt - other.startedAt);
}

/** Ids of sagas with at least one run, page by page; a saga with several runs may come several times. */
export async function* listRunPages(client: Client, pageSize: number): AsyncGenerator<ReadonlySet<string>> {
  let page = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query: IS_SAGA, pageSize })) {
    page.add(workflowId);
    if (page.size < pageSize) continue;
    yield page;
    page = new Set();
  }
  if (page.size > 0) yield page;
}
