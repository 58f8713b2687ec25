/**
 * The task queues of the orders: one for the workflows, and one for each service, so that what a slow or dead service
 * occupies is its own. Whoever runs orders serves all of them: the product's worker and the tests alike.
 */
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';
import { lanesInterceptor, openLane, type Lane } from '../activities/lane.js';
import { SERVICE_OF, serviceQueue, type Participant } from '../workflows/messages.js';
import { CONCURRENCY, laneSize, queueSize, type ServiceLimit } from './service-limits.js';

export type ServiceLimits = Readonly<Partial<Record<Participant, ServiceLimit>>>;

type Queue = Pick<
  WorkerOptions,
  | 'taskQueue'
  | 'activities'
  | 'interceptors'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxTaskQueueActivitiesPerSecond'
  | 'maxConcurrentActivityTaskPolls'
>;

const SERVICES: readonly Participant[] = [...new Set(Object.values(SERVICE_OF))];

/** Each poll waits for one task; tasks are handed out in milliseconds, so that a few are enough. */
const POLLS = 5;
/**
 * What a worker for each queue takes, the workflows' own queue first. That one serves all activities: first attempts, the
 * journal's, and those that orders have scheduled there before a service had a queue of its own.
 *
 * @param interceptors of all activities, the outermost first
 */
export function orderQueues(
  taskQueue: string,
  activities: object,
  interceptors: readonly ActivityInterceptorsFactory[] = [],
  limits: ServiceLimits = {},
): [Queue, ...Queue[]] {
  const serviceOf: Readonly<Record<string, Participant | undefined>> = SERVICE_OF;
  const lanes = new Map<unknown, Lane>(SERVICES.map((service) => [service, openLane(laneSize(limits[service]))]));
  const inLanes = lanesInterceptor((verb) => lanes.get(serviceOf[verb]));
  const allLanes = [...lanes.values()].reduce((sum, { size }) => sum + size, 0);
  const own = {
    taskQueue,
    activities,
    interceptors: { activity: [inLanes, ...interceptors] },
    maxConcurrentActivityTaskExecutions: CONCURRENCY + allLanes,
  };
  const queueOf = (service: Participant): Queue => {
    const slots = queueSize(limits[service]);
    const rate = limits[service]?.rate;
    return {
      taskQueue: serviceQueue(taskQueue, service),
      activities: Object.fromEntries(Object.entries(activities).filter(([verb]) => serviceOf[verb] === service)),
      interceptors: { activity: [...interceptors] },
      maxConcurrentActivityTaskPolls: Math.min(POLLS, slots),
      maxConcurrentActivityTaskExecutions: slots,
      ...(rate !== undefined && { maxTaskQueueActivitiesPerSecond: rate }),
    };
  };
  return [own, ...SERVICES.map(queueOf)];
}
