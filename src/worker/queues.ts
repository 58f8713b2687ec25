/**
 * The orders' task queues: the workflows' queue, which serves all activities, and one queue for each service that has
 * its own. The product's worker and the tests both use this list.
 */
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';
import { openSlots, slotsInterceptor, type Slots } from '../activities/interceptors/slots.js';
import { SERVICE_OF, type Participant } from '../order.js';
import { traceSinks } from './trace-sinks.js';
import { serviceQueue } from '../workflows/messages.js';
import { CONCURRENCY, hasOwnQueue, type ServiceLimit, type ServiceLimits } from '../config/service-limits.js';

export type Queue = Pick<
  WorkerOptions,
  | 'taskQueue'
  | 'activities'
  | 'interceptors'
  | 'sinks'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxTaskQueueActivitiesPerSecond'
  | 'maxConcurrentActivityTaskPolls'
> & {
  readonly taskQueue: string;
};

export interface OrderQueues {
  /** The workflows' queue: it serves every activity, including those of services with a queue of their own. */
  readonly shared: Queue;
  /** The queue of one service. It exists for every service, because older orders may still wait there. */
  readonly of: (service: Participant) => Queue;
  /** The services whose limits give them a queue of their own. */
  readonly own: readonly Participant[];
}

export const SERVICES: readonly Participant[] = [...new Set(SERVICE_OF.values())];

/** Each poll waits for one task. A few polls are enough, because tasks are handed out in milliseconds. */
const POLLS = 5;

/**
 * Slots of the worker beside those of the services: for the journal's activities, and for activities that are being
 * turned away, each for some milliseconds.
 */
const ROOM = 2 * CONCURRENCY;

const sizeOf = (limit: ServiceLimit = {}): number => limit.concurrency ?? CONCURRENCY;

/** @param interceptors of all activities, the outermost first; those that keep the slots are outside of them */
export function orderQueues(
  taskQueue: string,
  activities: object,
  interceptors: readonly ActivityInterceptorsFactory[] = [],
  limits: ServiceLimits = {},
): OrderQueues {
  const slots = new Map<unknown, Slots>(SERVICES.map((name) => [name, openSlots(name, sizeOf(limits[name]))]));
  const around = { activity: [slotsInterceptor((verb) => slots.get(SERVICE_OF.get(verb))), ...interceptors] };
  const all = [...slots.values()].reduce((sum, { size }) => sum + size, 0);
  return {
    shared: {
      taskQueue,
      activities,
      interceptors: around,
      sinks: traceSinks,
      maxConcurrentActivityTaskExecutions: all + ROOM,
    },
    own: SERVICES.filter((service) => hasOwnQueue(limits[service])),
    of: (service) => {
      const size = sizeOf(limits[service]);
      const rate = limits[service]?.rate;
      return {
        taskQueue: serviceQueue(taskQueue, service),
        activities: Object.fromEntries(Object.entries(activities).filter(([verb]) => SERVICE_OF.get(verb) === service)),
        interceptors: around,
        maxConcurrentActivityTaskPolls: Math.min(POLLS, size),
        maxConcurrentActivityTaskExecutions: size,
        ...(rate !== undefined && { maxTaskQueueActivitiesPerSecond: rate }),
      };
    },
  };
}
