/** The address of an order, and the stored answer to a new one. */
import { z } from 'zod';
import { sagaIdOf } from '../order.js';
import { orderId } from './order-request.js';
import type { StoredAnswer } from './store/orders.js';

export const orderLinksSchema = z
  .object({ order: z.string(), status: z.string(), events: z.string(), cancel: z.string() })
  .meta({ id: 'OrderLinks' });

export const orderAcceptedSchema = z
  .object({ orderId, sagaId: z.string(), state: z.literal('STARTED'), links: orderLinksSchema })
  .meta({ id: 'OrderAccepted' });

export type OrderAccepted = z.infer<typeof orderAcceptedSchema>;

/** The paths of an order and its saga at the API. */
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
