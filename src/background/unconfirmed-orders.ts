/** Unconfirmed orders: their row exists, but the request that was to start their saga broke off in between. */
import type { Logger } from 'pino';
import type { OrderStore, Unconfirmed } from '../orders/store/orders.js';
import { DatabaseUnavailableError } from '../platform/database/unavailable.js';
import { acceptedAnswer } from '../orders/accepted-answer.js';
import { standingOf, type StandingDeps } from '../orders/order-standing.js';
import { TemporalUnavailableError } from '../platform/temporal/ask.js';

interface UnconfirmedDeps extends StandingDeps {
  readonly orders: Pick<OrderStore, 'unconfirmed' | 'confirmAll' | 'deleteUnconfirmed' | 'markWithoutWorkflow'>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/**
 * Confirms the orders whose saga exists. For the others only a repeat of the request starts the saga, because no
 * caller got the answer "accepted" and the caller may not want the order any more. They are deleted after seven days
 * without a repeat.
 */
export async function reviewUnconfirmedOrders(deps: UnconfirmedDeps): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const orders = await deps.orders.unconfirmed(after);
    for (const order of orders) await reviewOrder(deps, order);
    after = orders.at(-1)?.orderId;
    if (after === undefined) return;
  }
}

async function reviewOrder(deps: UnconfirmedDeps, order: Unconfirmed): Promise<void> {
  const { orderId, givenUp } = order;
  const standing = await standingOf(deps, order);
  if (standing === 'own') {
    await deps.orders.confirmAll(orderId, acceptedAnswer(orderId));
    deps.logger.info({ orderId }, 'an order was confirmed late');
  } else if (givenUp && standing === 'none') {
    await deps.orders.deleteUnconfirmed(orderId);
    deps.logger.info({ orderId }, 'an order that was never started is deleted');
  } else {
    await deps.orders.markWithoutWorkflow(orderId);
  }
}

export interface Housekeeping {
  /** Resolves when no round is under way. */
  stop(): Promise<void>;
}

/** Runs `reviewUnconfirmedOrders` now and every `everyMs`. If a service is away, it waits for the next round. */
export function watchUnconfirmedOrders(deps: UnconfirmedDeps, everyMs: number): Housekeeping {
  let running: Promise<void> = Promise.resolve();
  const look = (): void => {
    running = running
      .then(() => reviewUnconfirmedOrders(deps))
      .catch((error: unknown) => {
        const away = [TemporalUnavailableError, DatabaseUnavailableError];
        if (!away.some((kind) => error instanceof kind))
          deps.logger.error({ err: error }, 'orders could not be looked after');
      });
  };
  look();
  const timer = setInterval(look, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}
