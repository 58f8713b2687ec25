import { z } from 'zod';
import type { Order } from '../order.js';
import type { Attempted } from './service/call.js';
import { effectOf } from './service/effect.js';
import type { OrderRef, Participants } from './participants.js';

const Shipment = z.object({ effect: z.literal('applied'), trackingNumber: z.string().max(100) });

/** The verbs of the shipping service. */
export function shippingActivities(participants: Participants) {
  const shipment = effectOf(participants, 'create_shipment', '/api/shipments');
  return {
    /** Books the parcel to the customer's address. */
    async createShipment(ref: OrderRef): Promise<Attempted<{ trackingNumber: string }>> {
      const bodyOf = ({ items, shippingAddress: address }: Order) => ({ items, address });
      const { trackingNumber, attempts } = await shipment.act(ref, Shipment, bodyOf);
      return { trackingNumber, attempts };
    },

    cancelShipment: shipment.undo,
  };
}
