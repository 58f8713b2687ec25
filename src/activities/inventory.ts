import { z } from 'zod';
import { REFUSALS, sagaIdOf, type Money } from '../order.js';
import { at, type Address } from '../outbound/service-access.js';
import type { OrderRef, Participants } from './activities.js';
import { call, type Attempted } from './http.js';
import { orderOf } from './order-of.js';
import { undo, type Undoing } from './undo.js';

const Reservation = z.object({
  effect: z.literal('applied'),
  total: z.object({ amount: z.int().nonnegative(), currency: z.string().length(3) }),
});

export function inventoryActivities({ orders, services }: Participants) {
  const addressOf = ({ orderId }: OrderRef): Address =>
    at(services.inventory, `/api/reservations/${sagaIdOf(orderId)}`);
  return {
    /** Holds the stock of every line, or of none; the answer is what the catalogue says it costs. */
    async reserveInventory(ref: OrderRef): Promise<Attempted<{ total: Money }>> {
      const { items } = await orderOf(orders, ref);
      const { total, attempts } = await call({
        method: 'PUT',
        at: addressOf(ref),
        body: { orderId: ref.orderId, items },
        answer: Reservation,
        refusals: REFUSALS.reserveInventory,
      });
      return { total, attempts };
    },

    releaseReservation: (ref: OrderRef): Promise<Undoing> => undo(addressOf(ref), REFUSALS.releaseReservation),
  };
}
