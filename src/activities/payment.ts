import { z } from 'zod';
import type { Order } from '../order.js';
import type { Attempted } from './service/call.js';
import { effectOf, type Undoing } from './service/effect.js';
import type { Participants, PricedOrderRef } from './participants.js';

const Payment = z.object({ id: z.string(), effect: z.literal('applied') });

/** The verbs of the payment service. */
export function paymentActivities(participants: Participants) {
  const payment = effectOf(participants, 'process_payment', '/api/payments');
  return {
    /** Captures the order's total from the customer's payment method. */
    async processPayment(ref: PricedOrderRef): Promise<Attempted<{ paymentId: string }>> {
      const amount = ref.total;
      const bodyOf = ({ customerId, paymentMethod }: Order) => ({ customerId, paymentMethod, amount });
      const { id, attempts } = await payment.act(ref, Payment, bodyOf, { amount });
      return { paymentId: id, attempts };
    },

    refundPayment: (ref: PricedOrderRef): Promise<Undoing> => payment.undo(ref),
  };
}
