import { z } from 'zod';
import { ORDER_STEPS, sagaIdOf } from '../order.js';
import { at, type Address } from '../platform/outbound/service-access.js';
import type { Participants, PricedOrderRef } from './activities.js';
import { call, type Attempted } from './service/call.js';
import { actionOf, orderOf } from './read-order.js';
import { undo, type Undoing } from './service/undo.js';

const Payment = z.object({ id: z.string(), effect: z.literal('applied') });

const { action, compensation } = ORDER_STEPS.process_payment;

export function paymentActivities({ orders, services }: Participants) {
  const addressOf = ({ orderId }: PricedOrderRef): Address =>
    at(services.payment, `/api/payments/${sagaIdOf(orderId)}`);
  return {
    /** Captures the order's total from the customer's payment method. */
    async processPayment(ref: PricedOrderRef): Promise<Attempted<{ paymentId: string }>> {
      const order = await orderOf(orders, ref);
      const { customerId, paymentMethod } = order;
      const { id, attempts } = await call({
        ...actionOf(order, { orderId: ref.orderId, customerId, paymentMethod, amount: ref.total }),
        at: addressOf(ref),
        about: { id: sagaIdOf(ref.orderId), orderId: ref.orderId, amount: ref.total },
        answer: Payment,
        refusals: action.refusals,
      });
      return { paymentId: id, attempts };
    },

    refundPayment: (ref: PricedOrderRef): Promise<Undoing> => undo(addressOf(ref), ref, compensation.refusals),
  };
}
