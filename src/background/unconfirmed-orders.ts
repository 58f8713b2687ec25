/** Orders that were asked for and never confirmed: where the request that was to start them broke off, in between. */
import { JournalUnavailableError } from '../journal/tables/unavailable.js';
import type { Unconfirmed } from '../orders/store/orders.js';
import { OrdersUnavailableError } from '../platform/database/unavailable.js';
import { acceptedAnswer } from '../orders/accepted-answer.js';
import type { ApiDeps } from '../api/deps.js';
import { standingOf } from '../orders/order-standing.js';
import { EngineUnavailableError } from '../platform/temporal/ask.js';

type LookAfterDeps = Pick<ApiDeps, 'orders' | 'journal' | 'temporal' | 'logger'>;

/**
 * Confirms those whose saga exists. Of the others only a repeat of the request starts the saga: nobody was told that they
 * are accepted, and nobody may want them any more. They are deleted once nobody has asked for seven days.
 */
export async function lookAfterOrders(deps: LookAfterDeps): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const orders = await deps.orders.unconfirmed(after);
    for (const order of orders) await lookAfter(deps, order);
    after = orders.at(-1)?.orderId;
    if (after === undefined) return;
  }
}

async function lookAfter(deps: LookAfterDeps, order: Unconfirmed): Promise<void> {
  const { orderId, givenUp } = order;
  const standing = await standingOf(deps, order);
  if (standing === 'own') {
    await deps.orders.confirmAll(orderId, acceptedAnswer(orderId));
    deps.logger.info({ orderId }, 'an order was confirmed late');
  } else if (givenUp && standing === 'none') {
    await deps.orders.deleteUnconfirmed(orderId);
    deps.logger.info({ orderId }, 'an order that was never started is deleted');
  } else {
    await deps.orders.markMissed(orderId);
  }
}

export interface Housekeeping {
  /** Resolves once nothing of it is under way. */
  stop(): Promise<void>;
}

/** Looks after them now and every `everyMs`; while something is away it waits for the next time. */
export function keepLookingAfter(deps: LookAfterDeps, everyMs: number): Housekeeping {
  let running: Promise<void> = Promise.resolve();
  const look = (): void => {
    running = running
      .then(() => lookAfterOrders(deps))
      .catch((error: unknown) => {
        const away = [EngineUnavailableError, OrdersUnavailableError, JournalUnavailableError];
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
