import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { attemptNumber } from '../service/failures.js';

/**
 * One log line for each attempt that succeeds, with the ids of the saga and the correlation id; the SDK itself logs
 * those that fail. It is inside of the interceptor that knows the correlation id. Nothing of input or result is
 * logged.
 */
export const attemptLog: ActivityInterceptorsFactory = ({ info, log }) => ({
  inbound: {
    execute: async (input, next) => {
      const begun = performance.now();
      const result = await next(input);
      log.info(`${info.activityType} succeeded`, {
        attempt: attemptNumber(),
        responseTime: Math.round(performance.now() - begun),
      });
      return result;
    },
  },
});
