/** What Temporal keeps of a saga: the histories of its runs, and which cases they show. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import type { CarriedSaga } from '../../src/saga/saga.js';

type Events = NonNullable<History['events']>;

/** The events of each run, the present one first. */
export async function historiesOf(client: Client, workflowId: string): Promise<Events[]> {
  const histories: Events[] = [];
  let runId: string | undefined;
  do {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(events ?? []);
    runId = startOf(histories.at(-1))?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return histories;
}

const startOf = (events: Events | undefined) => events?.[0]?.workflowExecutionStartedEventAttributes;

/** How the runs show that the saga was continued as new, and that calls were cut while they waited for their next attempt. */
export function casesIn(histories: readonly Events[]): string[] {
  return histories.flatMap((events) => {
    const start = startOf(events);
    const payload = start?.continuedExecutionRunId ? start.input?.payloads?.[1] : undefined;
    const carried = payload && defaultPayloadConverter.fromPayload<CarriedSaga>(payload);
    const direction = carried?.record.state === 'COMPENSATING' ? 'while it unwinds' : 'while it goes forward';
    return [...(carried ? [`continued as new ${direction}`] : []), ...cutsIn(events)];
  });
}

function cutsIn(events: Events): string[] {
  return events.flatMap(({ activityTaskCanceledEventAttributes: cancelled }) => {
    // Between two attempts none is started.
    if (!cancelled || Number(cancelled.startedEventId ?? 0) > 0) return [];
    const scheduled = events.find(({ eventId }) => String(eventId) === String(cancelled.scheduledEventId));
    return [`${scheduled?.activityTaskScheduledEventAttributes?.activityType?.name} cut in a back-off`];
  });
}
