import { z } from 'zod';
import { ORDER_STEPS, sagaIdOf } from '../order.js';
import { at, type Address } from '../platform/outbound/service-access.js';
import type { OrderRef, Participants } from './activities.js';
import { call, type Attempted } from './service/call.js';
import { actionOf, orderOf } from './read-order.js';
import { undo, type Undoing } from './service/undo.js';

const Shipment = z.object({ effect: z.literal('applied'), trackingNumber: z.string().max(100) });

const { action, compensation } = ORDER_STEPS.create_shipment;

export function shippingActivities({ orders, services }: Participants) {
  const addressOf = ({ orderId }: OrderRef): Address => at(services.shipping, `/api/shipments/${sagaIdOf(orderId)}`);
  return {
    /** Books the parcel to the customer's address. */
    async createShipment(ref: OrderRef): Promise<Attempted<{ trackingNumber: string }>> {
      const order = await orderOf(orders, ref);
      const { items, shippingAddress: address } = order;
      const { trackingNumber, attempts } = await call({
        ...actionOf(order, { orderId: ref.orderId, items, address }),
        at: addressOf(ref),
        about: { id: sagaIdOf(ref.orderId), orderId: ref.orderId },
        answer: Shipment,
        refusals: action.refusals,
      });
      return { trackingNumber, attempts };
    },

    cancelShipment: (ref: OrderRef): Promise<Undoing> => undo(addressOf(ref), ref, compensation.refusals),
  };
}
