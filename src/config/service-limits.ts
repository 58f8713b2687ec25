/** How much may be asked of a service at once, and if its calls wait in a task queue of their own. */
import type { Participant } from '../order.js';
export interface ServiceLimit {
  /** Calls under way at once, of one worker. */
  readonly concurrency?: number | undefined;
  /** Calls per second, of all workers together: Temporal's server keeps count. The last worker to say it decides. */
  readonly rate?: number | undefined;
  /** If workers shall be able to serve this service alone. */
  readonly queue?: 'own' | undefined;
}

export type ServiceLimits = Readonly<Partial<Record<Participant, ServiceLimit>>>;

export const CONCURRENCY = 100;

/** A rate needs a queue of its own, because Temporal's server counts by queue. */
export const hasOwnQueue = ({ rate, queue }: ServiceLimit = {}): boolean => rate !== undefined || queue === 'own';
