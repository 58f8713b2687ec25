/**
 * Slots bound the running calls of a worker to each service. An activity that finds all slots of its service taken
 * fails at once, and Temporal retries it after a pause. It occupies nothing while it waits, so that a service that
 * hangs does not hold up the others.
 */
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { noFreeSlot, timesTurnedAway } from '../service/failures.js';

export interface Slots {
  readonly service: string;
  readonly size: number;
  taken: number;
}

/** The slots of one service in this worker, all free. */
export const openSlots = (service: string, size: number): Slots => ({ service, size, taken: 0 });

/**
 * Keeps each service to its slots. The outermost of all interceptors, because a slot is held until everything about its
 * attempt is done, and an activity that is turned away does nothing else.
 *
 * @param slotsOf undefined for an activity that calls no service: it passes
 * @throws ApplicationFailure `NoFreeSlot`, retried; the service was not called
 */
export const slotsInterceptor =
  (slotsOf: (activityType: string) => Slots | undefined): ActivityInterceptorsFactory =>
  (context) => ({
    inbound: {
      async execute(input, next) {
        const slots = slotsOf(context.info.activityType);
        if (!slots) return next(input);
        if (slots.taken >= slots.size) throw turnAway(slots, context);
        slots.taken += 1;
        try {
          return await next(input);
        } finally {
          slots.taken -= 1;
        }
      },
    },
  });

/** The count goes to the server with the report of the failure, and so survives every restart of a worker. */
function turnAway({ service, size }: Slots, context: Context) {
  const times = timesTurnedAway(context.info) + 1;
  context.heartbeat({ turnedAway: times });
  return noFreeSlot(`all ${size} slots for ${service} are taken`, context.info.attempt - times, times);
}
