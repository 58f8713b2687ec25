/** Makes the correlation id of the saga known to the HTTP client, whatever activity calls it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** The same in Temporal's headers and in HTTP. */
export const CORRELATION_ID = 'x-correlation-id';

const current = new AsyncLocalStorage<string>();

/** The correlation id of the running activity, if its saga has one. */
export const correlationId = (): string | undefined => current.getStore();

export const correlationInterceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute(input, next) {
      const payload = input.headers[CORRELATION_ID];
      return payload ? current.run(defaultPayloadConverter.fromPayload(payload), () => next(input)) : next(input);
    },
  },
});
