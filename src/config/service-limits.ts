/** The services, the most calls to one at once, and if they wait in a task queue of their own. */
import type { Participant } from '../order.js';

export const SERVICE_NAMES = ['payment', 'inventory', 'shipping', 'notification'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface ServiceLimit {
  /** Running calls of one worker at once. */
  readonly concurrency?: number | undefined;
  /**
   * Calls per second of all workers together: Temporal's server counts them, with the rate of the last worker that
   * set it.
   */
  readonly rate?: number | undefined;
  /** Set if a worker may serve this service alone. */
  readonly queue?: 'own' | undefined;
}

export type ServiceLimits = Readonly<Partial<Record<Participant, ServiceLimit>>>;

export const CONCURRENCY = 100;

/** A rate needs a queue of its own, because Temporal's server counts by queue. */
export const hasOwnQueue = ({ rate, queue }: ServiceLimit = {}): boolean => rate !== undefined || queue === 'own';

/** `orders` is the queue of the workflows, which serves every service that has no queue of its own. */
export const WORKER_QUEUES = ['orders', ...SERVICE_NAMES] as const;
export type WorkerQueue = (typeof WORKER_QUEUES)[number];
