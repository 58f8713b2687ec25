import { z } from 'zod';
import type { Money, UnitPrices } from '../order.js';
import type { Attempted } from './service/call.js';
import { effectOf, ordersUnreachable } from './service/effect.js';
import type { OrderRef, Participants } from './participants.js';

const Reservation = z.object({
  effect: z.literal('applied'),
  total: z.object({ amount: z.int().nonnegative(), currency: z.string().length(3) }),
  // Another team's service may not tell the price of one unit of a product.
  items: z
    .array(z.object({ productId: z.string().max(100), unitPrice: z.int().nonnegative().optional() }))
    .max(100)
    .optional(),
});

function pricesOf({ items = [], total }: z.infer<typeof Reservation>): UnitPrices | undefined {
  const units = items.flatMap(({ productId, unitPrice }) => (unitPrice === undefined ? [] : [[productId, unitPrice]]));
  return units.length === 0 ? undefined : { currency: total.currency, units: Object.fromEntries(units) };
}

/** The verbs of the inventory service. */
export function inventoryActivities(participants: Participants) {
  const reservation = effectOf(participants, 'reserve_inventory', '/api/reservations');
  return {
    /**
     * Holds the stock of every line, or of none; the answer is the price by the catalogue. The price of one unit of each
     * product is kept beside the order: it is no part of the saga.
     */
    async reserveInventory(ref: OrderRef): Promise<Attempted<{ total: Money }>> {
      const reserved = await reservation.act(ref, Reservation, ({ items }) => ({ items }));
      const unitPrices = pricesOf(reserved);
      if (unitPrices) await participants.prices?.keepPrices(ref.orderId, unitPrices).catch(ordersUnreachable);
      return { total: reserved.total, attempts: reserved.attempts };
    },

    releaseReservation: reservation.undo,
  };
}
