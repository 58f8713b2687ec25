import { z } from 'zod';
import { ORDER_STEPS, sagaIdOf } from '../order.js';
import { at } from '../platform/outbound/service-access.js';
import type { OrderRef, Participants } from './activities.js';
import { call, type Attempted } from './service/call.js';
import { actionOf, orderOf } from './read-order.js';

const Notification = z.object({ effect: z.literal('applied') });

export function notificationActivities({ orders, services }: Participants) {
  async function send(
    ref: OrderRef,
    kind: 'confirmation' | 'cancellation',
    refusals: readonly string[],
  ): Promise<Attempted<object>> {
    const order = await orderOf(orders, ref);
    const id = `${sagaIdOf(ref.orderId)}-${kind}`;
    const { attempts } = await call({
      ...actionOf(order, { orderId: ref.orderId, customerId: order.customerId, kind }),
      at: at(services.notification, `/api/notifications/${id}`),
      about: { id, orderId: ref.orderId, kind },
      answer: Notification,
      refusals,
    });
    return { attempts };
  }
  return {
    sendConfirmation: (ref: OrderRef) => send(ref, 'confirmation', ORDER_STEPS.send_confirmation.action.refusals),
    sendCancellationNotice: (ref: OrderRef) =>
      send(ref, 'cancellation', ORDER_STEPS.send_cancellation_notice.action.refusals),
  };
}
