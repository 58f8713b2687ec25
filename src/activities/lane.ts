/**
 * First attempts of calls run in slots that the services share with the workflows' own activities. Each service has a
 * lane of so many of them and no more: one that hangs fills its own lane and nobody else's, and what finds the lane full
 * goes on to the service's own queue at once.
 */
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { later } from './failures.js';

export interface Lane {
  /** First attempts under way at once. */
  readonly size: number;
  /** Those that hold up a workflow task meanwhile: a worker has 40 of them (Temporal's default), for all services. */
  readonly localSize: number;
  underWay: number;
  localUnderWay: number;
}

const LOCAL = 8;

export const openLane = (size: number): Lane => ({
  size,
  localSize: Math.min(LOCAL, size),
  underWay: 0,
  localUnderWay: 0,
});

/**
 * Keeps first attempts in the lane of their activity's type, where it has one; any other attempt passes untouched. The
 * outermost of all interceptors: a slot is held until everything about its attempt is done.
 *
 * @throws ApplicationFailure `LaneFull`, of an attempt that was not made
 */
export const lanesInterceptor =
  (laneOf: (activityType: string) => Lane | undefined): ActivityInterceptorsFactory =>
  () => ({
    inbound: {
      async execute(input, next) {
        const { activityType, isLocal, retryPolicy } = Context.current().info;
        // Temporal does not repeat it: the saga goes on by itself where it settles nothing.
        const lane = retryPolicy?.maximumAttempts === 1 ? laneOf(activityType) : undefined;
        if (!lane) return next(input);
        const isFull = lane.underWay >= lane.size || (isLocal && lane.localUnderWay >= lane.localSize);
        if (isFull) throw later('LaneFull', 'as many first attempts as may be are under way', 0, 0);
        lane.underWay += 1;
        if (isLocal) lane.localUnderWay += 1;
        try {
          return await next(input);
        } finally {
          lane.underWay -= 1;
          if (isLocal) lane.localUnderWay -= 1;
        }
      },
    },
  });
