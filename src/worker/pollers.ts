/** Asks the server if a worker polls. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { reasonOf } from '../platform/reason.js';
import { StartError } from '../platform/start-error.js';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const LOOK_EVERY = 25;
/** gRPC codes: permission denied, unimplemented. */
const MAY_NOT_ASK: readonly number[] = [7, 12];

export interface PolledQueue {
  readonly name: string;
  readonly kind: 'workflow' | 'activity';
}

export interface Polling {
  readonly connection: Connection;
  readonly namespace: string;
  /** The worker's identity: `<pid>@<host>` by default. */
  readonly identity: string;
  readonly queues: readonly PolledQueue[];
}

/** The time of the worker's last poll of this queue, in nanoseconds of the server's clock; 0 if it never polled. */
async function lastPollOf({ connection, namespace, identity }: Polling, queue: PolledQueue): Promise<bigint> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue.name },
    taskQueueType: queue.kind === 'workflow' ? TASK_QUEUE_TYPE_WORKFLOW : TASK_QUEUE_TYPE_ACTIVITY,
  });
  const times = (pollers ?? [])
    .filter((poller) => poller.identity === identity)
    .map(({ lastAccessTime: at }) => BigInt(String(at?.seconds ?? 0)) * 10n ** 9n + BigInt(at?.nanos ?? 0));
  return times.reduce((latest, time) => (time > latest ? time : latest), 0n);
}

/** The last poll of each queue, in their order. */
export const lastPolls = async (polling: Polling): Promise<bigint[]> =>
  await Promise.all(polling.queues.map((queue) => lastPollOf(polling, queue)));

/** True if the server refuses the question, so that polling can be neither confirmed nor denied. */
export const mayNotAsk = (error: unknown): boolean => isGrpcServiceError(error) && MAY_NOT_ASK.includes(error.code);

/**
 * Call it before the worker runs. The function that it returns waits until the server has seen a later poll of every
 * queue, because the server keeps the names of pollers for minutes, and a restarted container polls under the same
 * name. If the server refuses the question, the worker counts as polling.
 *
 * @param patience of the returned function, in milliseconds
 * @returns a function that throws a StartError that names a queue without polls
 */
export async function watchPollers(polling: Polling, patience: number): Promise<() => Promise<void>> {
  const before = await lastPolls(polling).catch(() => polling.queues.map(() => 0n));
  return async () => {
    const end = performance.now() + patience;
    for (;;) {
      let complaint: string;
      try {
        const now = await lastPolls(polling);
        const missing = polling.queues.find((_queue, index) => (now[index] ?? 0n) <= (before[index] ?? 0n));
        if (missing === undefined) return;
        complaint = `it does not poll the ${missing.kind} tasks of the queue ${missing.name}`;
      } catch (error) {
        if (mayNotAsk(error)) return;
        complaint = `Temporal does not say whether it polls (${reasonOf(error)})`;
      }
      if (performance.now() >= end) throw new StartError(`The worker is not ready: ${complaint}.`);
      await pause(LOOK_EVERY);
    }
  };
}
