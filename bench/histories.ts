/** What a history says: how long it is, and what Temporal Cloud would bill for it. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

export interface HistoryFacts {
  readonly events: number;
  /** As the server counts them. */
  readonly bytes: number;
  readonly actions: number;
}

const { EventType } = proto.temporal.api.enums.v1;

/** One Action each; by the pricing page of Temporal Cloud. Retries of an activity are counted by their attempts. */
const BILLED = new Set<number>([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
  EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
]);

export async function historyFacts(client: Client, workflowId: string): Promise<HistoryFacts> {
  const handle = client.workflow.getHandle(workflowId);
  const [history, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  let actions = 0;
  const tasksWithLocal = new Set<string>();
  for (const event of history.events ?? []) {
    if (BILLED.has(event.eventType ?? 0)) actions += 1;
    actions += event.activityTaskStartedEventAttributes?.attempt ?? 0;
    const { markerName, workflowTaskCompletedEventId } = event.markerRecordedEventAttributes ?? {};
    if (markerName === 'core_local_activity') tasksWithLocal.add(String(workflowTaskCompletedEventId));
  }
  // All local activities of one workflow task are one Action.
  actions += tasksWithLocal.size;
  return { events: history.events?.length ?? 0, bytes: description.historySize ?? 0, actions };
}
