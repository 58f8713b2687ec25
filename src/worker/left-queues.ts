/**
 * Left queues. A service had a queue of its own, the setting was taken back, and activities of older orders still
 * wait in that queue. Without a worker they would wait until their step times out.
 */
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { endWith } from '../platform/temporal/end-with.js';

const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const LOOK_EVERY_MS = 30_000;
const ANSWER_WITHIN_MS = 5_000;
/** A poll waits for a task for at most 70 seconds, then the next one begins. */
const POLLED_WITHIN_MS = 100_000;

export interface LeftQueuesOptions {
  readonly connection: Connection;
  readonly namespace: string;
  /** The queues that this worker does not serve. */
  readonly names: readonly string[];
  /** Called once for each queue in which activities wait although no worker polls it; again if it rejects. */
  readonly onLeft: (name: string) => Promise<void>;
  /** Milliseconds. */
  readonly lookEvery?: number;
  /** After so many milliseconds without a poll a queue counts as unserved. */
  readonly polledWithin?: number;
}

/** True if activities wait in a queue that no worker polls. */
async function isLeft({ connection, namespace, polledWithin }: LeftQueuesOptions, name: string): Promise<boolean> {
  const asking = connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  const { stats, pollers } = await asking;
  if (Number(stats?.approximateBacklogCount ?? 0) === 0) return false;
  const since = Date.now() - (polledWithin ?? POLLED_WITHIN_MS);
  return !(pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since);
}

/** If the server refuses the question or does not answer, the next look asks again. */
export function watchLeftQueues(options: LeftQueuesOptions): { stop(): void } {
  const { connection, names, onLeft, lookEvery = LOOK_EVERY_MS } = options;
  const unserved = new Set(names);
  const stopped = new AbortController();
  const ask = (name: string): Promise<boolean> =>
    connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => isLeft(options, name));

  async function look(): Promise<void> {
    for (const name of unserved) {
      const left = await endWith(connection, stopped.signal, () => ask(name)).catch(() => false);
      if (stopped.signal.aborted) return;
      if (left && unserved.delete(name)) await onLeft(name).catch(() => unserved.add(name));
    }
  }

  const timer = setInterval(() => void look(), lookEvery);
  void look();
  return {
    stop: () => {
      clearInterval(timer);
      // Aborts running calls, because a call that outlives its connection would be retried on a closed channel, and
      // that ends the process.
      stopped.abort();
    },
  };
}
