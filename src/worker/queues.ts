/**
 * The task queues of the orders: the workflows' queue, which serves all activities, and one for each service that has a
 * queue of its own. The product's worker and the tests take what they serve from here.
 */
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';
import { openSlots, slotsInterceptor, type Slots } from '../activities/interceptors/slots.js';
import { SERVICE_OF, type Participant } from '../order.js';
import { serviceQueue } from '../workflows/messages.js';
import { CONCURRENCY, hasOwnQueue, type ServiceLimit } from '../config/service-limits.js';

export type ServiceLimits = Readonly<Partial<Record<Participant, ServiceLimit>>>;

export type Queue = Pick<
  WorkerOptions,
  | 'taskQueue'
  | 'activities'
  | 'interceptors'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxTaskQueueActivitiesPerSecond'
  | 'maxConcurrentActivityTaskPolls'
> & {
  readonly taskQueue: string;
};

export interface OrderQueues {
  /** The workflows' queue: every activity, those of services with a queue of their own included. */
  readonly shared: Queue;
  /** The queue of one service, if it has one of its own or not: orders from before may still wait there. */
  readonly of: (service: Participant) => Queue;
  /** The services whose limits give them a queue of their own. */
  readonly own: readonly Participant[];
}

export const SERVICES: readonly Participant[] = [...new Set(SERVICE_OF.values())];

/** Each poll waits for one task; tasks are handed out in milliseconds, so that a few are enough. */
const POLLS = 5;

/**
 * Slots of the worker that are no service's: for the journal's activities, and for those that are just being turned away,
 * each for some milliseconds.
 */
const ROOM = 2 * CONCURRENCY;

const sizeOf = (limit: ServiceLimit = {}): number => limit.concurrency ?? CONCURRENCY;

/**
 * @param interceptors of all activities, the outermost first; those that keep the slots stand outside of them
 */
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
    shared: { taskQueue, activities, interceptors: around, maxConcurrentActivityTaskExecutions: all + ROOM },
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
