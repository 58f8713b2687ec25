/**
 * The work that waits in Temporal for a worker. Accepted orders are kept however long they wait. Beyond a limit the
 * API refuses new orders, so that a caller who would wait for hours learns it at once.
 */
import proto from '@temporalio/proto';
import type { Client } from '@temporalio/client';

export interface Backlog {
  /** The latest known state, some seconds old at most; false while nothing is known. Costs the caller nothing. */
  isFull(): boolean;
}

export interface BacklogOptions {
  readonly temporal: Client;
  /** The workflows' queue, because each new order waits there first. */
  readonly taskQueue: string;
  /** The most orders that may wait. */
  readonly limit: number;
  readonly now?: () => number;
}

const ASK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;
/** An older value does not count, because accepting an order is better than refusing it. */
const BELIEVED_MS = 10_000;

/** Asks Temporal only while orders arrive, and never delays an order for the answer. */
export function watchBacklog({ temporal, taskQueue, limit, now = Date.now }: BacklogOptions): Backlog {
  let heard = { at: -Infinity, full: false };
  let askedAt = -Infinity;

  async function ask(): Promise<void> {
    const waiting = await temporal.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => orderBacklog(temporal, taskQueue));
    heard = { at: now(), full: waiting >= limit };
  }

  return {
    isFull() {
      if (now() - askedAt >= ASK_EVERY_MS) {
        askedAt = now();
        // A server that does not answer or does not count is no reason to refuse an order: its start will show the
        // outage.
        ask().catch(() => undefined);
      }
      return heard.full && now() - heard.at < BELIEVED_MS;
    },
  };
}

async function orderBacklog(client: Client, taskQueue: string): Promise<number> {
  const { stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
}
