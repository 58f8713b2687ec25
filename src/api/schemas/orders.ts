/** The shapes of orders in requests and answers: one source for validation, types and the OpenAPI document. */
import { z } from 'zod';
import { orderId, orderItem } from '../../orders/order-request.js';
import { orderLinksSchema } from '../../orders/accepted-answer.js';
import { money, orNull, sagaStatusSchema, time } from '../../steering/shapes.js';

export const orderParams = z.object({ orderId });

const { state, reason, blockedOn, waitingFor, paused, asOf, source } = sagaStatusSchema.shape;

const pricedItem = orderItem
  .safeExtend({
    unitPrice: orNull(money).meta({ description: 'As it was when the stock was held; null before.' }),
    total: orNull(money),
  })
  .meta({ id: 'PricedItem' });

export const owner = z.string().nullable().meta({ description: 'Null if the customer was forgotten.' });

/** The order's content and state, without the payment token and the address. */
export const orderSchema = z
  .object({
    orderId,
    sagaId: z.string(),
    customerId: owner,
    forgottenAt: time
      .optional()
      .meta({ description: 'When the customer was forgotten: what was personal of the order is blank since then.' }),
    items: z.array(pricedItem).readonly(),
    total: orNull(money).meta({ description: 'Null until the stock is held.' }),
    metadata: z.record(z.string(), z.string()).readonly(),
    createdAt: time,
    updatedAt: time.optional().meta({ description: 'When its saga changed last.' }),
    state,
    reason,
    reasonText: z.string().nullable().optional().meta({ description: 'What the code in `reason` means.' }),
    shipment: orNull(
      z
        .object({ trackingNumber: z.string(), status: z.enum(['booked', 'cancelling', 'cancelled']) })
        .meta({ id: 'Shipment' }),
    ).optional(),
    refund: orNull(
      z
        .object({ amount: money, status: z.enum(['pending', 'refunded']), refundedAt: time.nullable() })
        .meta({ id: 'Refund' }),
    ).optional(),
    cancellation: z
      .object({
        by: z.string(),
        reason: z.string().meta({ description: 'A code, or what staff wrote.' }),
        comment: z.string().optional().meta({ description: 'What the customer said beside it.' }),
        at: time,
      })
      .meta({ id: 'Cancellation', description: 'The cancel that was accepted.' })
      .optional(),
    blockedOn,
    waitingFor,
    paused,
    asOf,
    source,
    links: orderLinksSchema,
  })
  .meta({ id: 'Order' });

export type OrderView = z.infer<typeof orderSchema>;

/** What came of a decision on any saga. */
export const decidedShape = {
  orderId: orderId.optional().meta({ description: "Of an order's saga only." }),
  sagaId: z.string(),
  accepted: z.literal(true),
  state: z.string(),
  at: time,
};

export const sagaDecisionSchema = z.object(decidedShape).meta({ id: 'SagaDecision' });

export const decisionSchema = z.object({ ...decidedShape, orderId }).meta({ id: 'Decision' });
