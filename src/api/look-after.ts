/** Orders that were asked for and never confirmed: where the request that was to start them broke off, in between. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { JournalUnavailableError } from '../journal/unavailable.js';
import { sagaIdOf } from '../order.js';
import type { Unconfirmed } from '../orders/orders.js';
import { OrdersUnavailableError } from '../orders/unavailable.js';
import { acceptedAnswer } from './order-links.js';
import type { ApiDeps } from './deps.js';
import { askTemporal, EngineUnavailableError } from './temporal.js';

const PATIENCE_MS = 1_500;

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

async function lookAfter(deps: LookAfterDeps, { orderId, givenUp }: Unconfirmed): Promise<void> {
  if (await hasSaga(deps, sagaIdOf(orderId))) {
    await deps.orders.confirmAll(orderId, acceptedAnswer(orderId));
    deps.logger.info({ orderId }, 'an order was confirmed late');
  } else if (givenUp) {
    await deps.orders.deleteUnconfirmed(orderId);
    deps.logger.info({ orderId }, 'an order that was never started is deleted');
  } else {
    await deps.orders.markMissed(orderId);
  }
}

/** A journal that has heard of it counts, too: Temporal forgets. */
async function hasSaga({ temporal, journal }: LookAfterDeps, sagaId: string): Promise<boolean> {
  const describe = () => temporal.workflow.getHandle(sagaId).describe();
  const found = await askTemporal(temporal, PATIENCE_MS, describe).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  return found !== undefined || ((await journal.getSaga(sagaId))?.version ?? 0) > 0;
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
