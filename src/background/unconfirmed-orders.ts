/** Unconfirmed orders: their row exists, but the request that was to start their saga broke off in between. */
import type { Logger } from 'pino';
import type { OrderStore, Unconfirmed } from '../orders/store/orders.js';
import { acceptedAnswer } from '../orders/accepted-answer.js';
import { standingOf, type StandingDeps } from '../orders/order-standing.js';
import type { Job } from './job.js';

interface UnconfirmedDeps extends StandingDeps {
  readonly orders: Pick<OrderStore, 'unconfirmed' | 'confirmAll' | 'deleteUnconfirmed' | 'markWithoutWorkflow'>;
  readonly logger: Pick<Logger, 'info'>;
}

type Found = 'confirmed' | 'deleted' | 'withoutWorkflow';

/**
 * Confirms the orders whose saga exists. For the others only a repeat of the request starts the saga, because no
 * caller got the answer "accepted" and the caller may not want the order any more. They are deleted after seven days
 * without a repeat.
 *
 * @returns how many orders were found of each kind
 * @throws TemporalUnavailableError, JournalUnavailableError or OrdersUnavailableError
 */
export async function reviewUnconfirmedOrders(
  deps: UnconfirmedDeps,
  signal?: AbortSignal,
): Promise<Record<Found, number>> {
  const found: Record<Found, number> = { confirmed: 0, deleted: 0, withoutWorkflow: 0 };
  let after: string | undefined;
  for (;;) {
    const orders = await deps.orders.unconfirmed(after);
    for (const order of orders) {
      signal?.throwIfAborted();
      found[await reviewOrder(deps, order)] += 1;
    }
    after = orders.at(-1)?.orderId;
    if (after === undefined) return found;
  }
}

async function reviewOrder(deps: UnconfirmedDeps, order: Unconfirmed): Promise<Found> {
  const { orderId, givenUp } = order;
  const standing = await standingOf(deps, order);
  if (standing === 'own') {
    await deps.orders.confirmAll(orderId, acceptedAnswer(orderId));
    deps.logger.info({ orderId }, 'an order was confirmed late');
    return 'confirmed';
  }
  if (givenUp && standing === 'none') {
    await deps.orders.deleteUnconfirmed(orderId);
    deps.logger.info({ orderId }, 'an order that was never started is deleted');
    return 'deleted';
  }
  await deps.orders.markWithoutWorkflow(orderId);
  return 'withoutWorkflow';
}

/** @param open opens the orders table at the first run that finds its database */
export const unconfirmedOrders = (open: () => Promise<UnconfirmedDeps>): Job => ({
  name: 'unconfirmed-orders',
  pauseMs: 15_000,
  limitMs: 120_000,
  run: async ({ signal }) => reviewUnconfirmedOrders(await open(), signal),
});
