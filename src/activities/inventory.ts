import { z } from 'zod';
import { ORDER_STEPS, sagaIdOf, type Money, type UnitPrices } from '../order.js';
import { at, type Address } from '../platform/outbound/service-access.js';
import { kindOf } from '../platform/reason.js';
import type { OrderRef, Participants } from './activities.js';
import { fault } from './service/failures.js';
import { call, type Attempted } from './service/call.js';
import { actionOf, orderOf } from './read-order.js';
import { attemptNumber } from './interceptors/slots.js';
import { undo, type Undoing } from './service/undo.js';

const Reservation = z.object({
  effect: z.literal('applied'),
  total: z.object({ amount: z.int().nonnegative(), currency: z.string().length(3) }),
  // Another team's service may not tell what one of a product costs.
  items: z
    .array(z.object({ productId: z.string().max(100), unitPrice: z.int().nonnegative().optional() }))
    .max(100)
    .optional(),
});

function pricesOf({ items = [], total }: z.infer<typeof Reservation>): UnitPrices | undefined {
  const units = items.flatMap(({ productId, unitPrice }) => (unitPrice === undefined ? [] : [[productId, unitPrice]]));
  return units.length === 0 ? undefined : { currency: total.currency, units: Object.fromEntries(units) };
}

const { action, compensation } = ORDER_STEPS.reserve_inventory;

export function inventoryActivities({ orders, prices, services }: Participants) {
  const addressOf = ({ orderId }: OrderRef): Address =>
    at(services.inventory, `/api/reservations/${sagaIdOf(orderId)}`);
  return {
    /**
     * Holds the stock of every line, or of none; the answer is what the catalogue says it costs. What one of each product
     * costs is kept beside the order: it is no part of the saga.
     */
    async reserveInventory(ref: OrderRef): Promise<Attempted<{ total: Money }>> {
      const order = await orderOf(orders, ref);
      const reservation = await call({
        ...actionOf(order, { orderId: ref.orderId, items: order.items }),
        at: addressOf(ref),
        about: { id: sagaIdOf(ref.orderId), orderId: ref.orderId },
        answer: Reservation,
        refusals: action.refusals,
      });
      const { total, attempts } = reservation;
      const unitPrices = pricesOf(reservation);
      if (prices && unitPrices) await keep(prices.keepPrices(ref.orderId, unitPrices));
      return { total, attempts };
    },

    releaseReservation: (ref: OrderRef): Promise<Undoing> => undo(addressOf(ref), ref, compensation.refusals),
  };
}

/** @throws ApplicationFailure, retried: the same PUT then has the same answer */
async function keep(keeping: Promise<void>): Promise<void> {
  await keeping.catch((error: unknown) => {
    throw fault('ServiceUnreachable', `orders: ${kindOf(error)}`, attemptNumber());
  });
}
