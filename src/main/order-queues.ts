/**
 * The task queues of the orders: one for the workflows, and one for each service, so that what a slow or dead service
 * occupies is its own. Whoever runs orders serves all of them: the product's worker and the tests alike.
 */
import type { WorkerOptions } from '@temporalio/worker';
import { SERVICE_OF, serviceQueue, type Participant } from '../workflows/messages.js';

export interface ServiceLimit {
  /** Calls under way at once, of one worker. */
  readonly concurrency?: number | undefined;
  /** Calls per second, of all workers together: Temporal's server keeps count. The last worker to say it decides. */
  readonly rate?: number | undefined;
}

export type ServiceLimits = Readonly<Partial<Record<Participant, ServiceLimit>>>;

type Queue = Pick<
  WorkerOptions,
  | 'taskQueue'
  | 'activities'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxTaskQueueActivitiesPerSecond'
  | 'maxConcurrentActivityTaskPolls'
>;

/** Each poll waits for one task; tasks are handed out in milliseconds, so that a few are enough. */
const POLLS = 5;

/**
 * What a worker for each queue takes, the workflows' own queue first. That one serves all activities: the journal's, and
 * those that orders have scheduled there before a service had a queue of its own.
 */
export function orderQueues(taskQueue: string, activities: object, limits: ServiceLimits = {}): [Queue, ...Queue[]] {
  const services = [...new Set(Object.values(SERVICE_OF))];
  return [{ taskQueue, activities }, ...services.map((service) => queueOf(service, taskQueue, activities, limits))];
}

function queueOf(service: Participant, taskQueue: string, activities: object, limits: ServiceLimits): Queue {
  const { concurrency, rate } = limits[service] ?? {};
  const serves: Readonly<Record<string, string>> = SERVICE_OF;
  return {
    taskQueue: serviceQueue(taskQueue, service),
    activities: Object.fromEntries(Object.entries(activities).filter(([verb]) => serves[verb] === service)),
    maxConcurrentActivityTaskPolls: Math.min(POLLS, concurrency ?? POLLS),
    ...(concurrency !== undefined && { maxConcurrentActivityTaskExecutions: concurrency }),
    ...(rate !== undefined && { maxTaskQueueActivitiesPerSecond: rate }),
  };
}
