import { randomUUID } from 'node:crypto';
import type { Shop } from '../workflows/shop.js';

/** Resets a run to the workflow task after which it scheduled this activity, and waits for the new run's end. */
export async function resetBefore(shop: Shop, sagaId: string, activity: string, runId?: string): Promise<string> {
  const handle = shop.env.client.workflow.getHandle(sagaId, runId);
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes?.activityType?.name === activity,
  )?.activityTaskScheduledEventAttributes;
  const described = await handle.describe();
  const { runId: newRun } = await shop.env.client.workflowService.resetWorkflowExecution({
    namespace: shop.env.namespace,
    workflowExecution: { workflowId: sagaId, runId: described.runId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: scheduled?.workflowTaskCompletedEventId ?? null,
  });
  await shop.handleOf(sagaId).result();
  return newRun;
}
