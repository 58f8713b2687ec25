/**
 * How much work waits in Temporal for a worker. What has been accepted is kept however long it waits; beyond a limit the
 * API takes no new orders, so that those who would wait for hours hear it at once.
 */
import proto from '@temporalio/proto';
import type { Client } from '@temporalio/client';

export interface Backlog {
  /** As last heard, at most some seconds ago; false while nothing is known. Costs the caller nothing. */
  isFull(): boolean;
}

export interface BacklogOptions {
  readonly temporal: Client;
  /** Of the workflows: each new order waits here first. */
  readonly taskQueue: string;
  /** Orders that may wait. */
  readonly limit: number;
  readonly now?: () => number;
}

const ASK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;
/** What is older says nothing any more: an order is rather taken than refused. */
const BELIEVED_MS = 10_000;

/** Asks only while orders arrive, and never makes one wait for the answer. */
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
        // A server that does not answer, or does not count, is no reason to refuse: the start itself will tell.
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
