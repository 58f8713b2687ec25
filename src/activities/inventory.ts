import { z } from 'zod';
import { REFUSALS, sagaIdOf, type Money } from '../order.js';
import { at, type Address } from '../outbound/service-access.js';
import type { OrderRef, Participants } from './activities.js';
import { call, type Attempted } from './http.js';
import { actionOf, orderOf } from './order-of.js';
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
      const order = await orderOf(orders, ref);
      const { total, attempts } = await call({
        ...actionOf(order, { orderId: ref.orderId, items: order.items }),
        at: addressOf(ref),
        about: { id: sagaIdOf(ref.orderId), orderId: ref.orderId },
        answer: Reservation,
        refusals: REFUSALS.reserveInventory,
      });
      return { total, attempts };
    },

    releaseReservation: (ref: OrderRef): Promise<Undoing> => undo(addressOf(ref), ref, REFUSALS.releaseReservation),
  };
}
