/** How much may be asked of a service at once, and how that is divided between its lane and its queue. */
export interface ServiceLimit {
  /** Calls under way at once, of one worker. */
  readonly concurrency?: number | undefined;
  /** Calls per second, of all workers together: Temporal's server keeps count. The last worker to say it decides. */
  readonly rate?: number | undefined;
}

/** Temporal's own default. */
export const CONCURRENCY = 100;

/** Slots for first attempts on the workflows' own queue: half of all, and none where the server has to keep a rate. */
export function laneSize({ concurrency = CONCURRENCY, rate }: ServiceLimit = {}): number {
  return rate === undefined ? Math.floor(concurrency / 2) : 0;
}

/** Slots of the service's own queue: the others. */
export const queueSize = (limit: ServiceLimit = {}): number => (limit.concurrency ?? CONCURRENCY) - laneSize(limit);
