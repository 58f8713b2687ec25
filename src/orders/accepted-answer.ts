/** The address of an order, and the stored answer to a new one. */
import { sagaIdOf } from '../order.js';
import type { StoredAnswer } from './store/orders.js';
import type { OrderAccepted } from '../api/schemas/orders.js';

export const linksOf = (orderId: string): OrderAccepted['links'] => ({
  order: `/api/orders/${orderId}`,
  status: `/api/sagas/${sagaIdOf(orderId)}/status`,
  events: `/api/sagas/${sagaIdOf(orderId)}/events`,
  cancel: `/api/orders/${orderId}/cancel`,
});

/** The answer to a new order, and to every repeat under its idempotency key. */
export function acceptedAnswer(orderId: string): StoredAnswer {
  const links = linksOf(orderId);
  const body: OrderAccepted = { orderId, sagaId: sagaIdOf(orderId), state: 'STARTED', links };
  return { status: 202, location: links.order, body };
}
