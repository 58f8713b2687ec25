/** Whether a worker polls, as the server sees it. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { reasonOf } from '../platform/reason.js';
import { StartError } from '../platform/start-error.js';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const LOOK_EVERY = 25;
/** Of gRPC: permission denied, unimplemented. */
const MAY_NOT_ASK: readonly number[] = [7, 12];

export interface PolledQueue {
  readonly name: string;
  readonly kind: 'workflow' | 'activity';
}

export interface Polling {
  readonly connection: Connection;
  readonly namespace: string;
  /** As the worker gives it: `<pid>@<host>` by default. */
  readonly identity: string;
  readonly queues: readonly PolledQueue[];
}

/** When the worker has last polled this queue, in nanoseconds of the server's clock; 0 if it has not. */
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

/** Of each queue, in their order. */
export const lastPolls = async (polling: Polling): Promise<bigint[]> =>
  await Promise.all(polling.queues.map((queue) => lastPollOf(polling, queue)));

/** A server that does not let us ask: it can be neither confirmed nor denied that the worker polls. */
export const mayNotAsk = (error: unknown): boolean => isGrpcServiceError(error) && MAY_NOT_ASK.includes(error.code);

/**
 * To be called before the worker runs. Its result waits until the server has seen a later poll of the worker for every
 * queue: the server keeps names of pollers for minutes after their end, and a restarted container polls under the same
 * name. A server that does not let us ask is believed.
 *
 * @param patience of the result, in milliseconds
 * @returns throws a StartError that names a queue that is not polled
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
