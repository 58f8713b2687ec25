/** The operations on orders, as the OpenAPI document has them. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { decisionOperation } from './decision-operation.js';
import { orderListQuerySchema, orderListSchema } from '../schemas/pages.js';
import { ETAG, IF_NONE_MATCH, json, NOT_MODIFIED, operation, RETRY_AFTER } from './operation.js';
import * as orders from '../schemas/orders.js';
import { IDEMPOTENCY_KEY_PATTERN } from '../http/preferences.js';

const params = z.object({ orderId: orders.orderId });

const placeHeaders = {
  'idempotency-key': z
    .string()
    .regex(IDEMPOTENCY_KEY_PATTERN)
    .optional()
    .meta({
      description:
        "The caller's own name for this request. A repeat is answered as the first was (`Idempotency-Replayed: true`); " +
        'one that comes meanwhile is 409, another body 422. Only successes are stored, for as long as the order.',
      example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
    }),
  prefer: z.string().optional().meta({
    description: '`wait=N`: answers with the outcome if it comes within N seconds, at most 30 (RFC 7240).',
    example: 'wait=10',
  }),
};

const accepted = {
  Location: { schema: { type: 'string' }, description: 'The order.' },
  'Idempotency-Replayed': { schema: { type: 'string' }, description: '`true`: answered before.' },
  'Preference-Applied': { schema: { type: 'string' }, description: 'The wait that was granted.' },
} as const;

/** What can be done with an order that was accepted. */
const NEXT = Object.fromEntries(
  ['getOrder', 'cancelOrder', 'approveOrder', 'rejectOrder'].map((operationId) => [
    operationId,
    { operationId, parameters: { orderId: '$response.body#/orderId' } },
  ]),
);

const ORDER = { items: [{ productId: '123', quantity: 2 }] };

const DECISION = { params, answer: orders.decisionSchema, problems: ['OrderNotFound'] } as const;

export const ORDER_OPERATIONS: readonly RouteConfig[] = [
  operation({
    method: 'post',
    path: '/api/orders',
    operationId: 'placeOrder',
    summary: 'Place an order',
    description:
      'Starts the saga of the order. It can be sent again under its `Idempotency-Key`, or with the same `orderId`: the ' +
      'same body answers with the order as it stands, another body is refused.',
    headers: placeHeaders,
    body: { schema: orders.orderRequestSchema, example: ORDER },
    responses: {
      200: {
        description: 'This very order was accepted before; or, with `Prefer: wait`, its outcome.',
        headers: { ...accepted, ...ETAG },
        content: json(orders.orderSchema),
      },
      202: {
        description: 'The order is accepted: it will be completed, or undone.',
        headers: { ...accepted, ...RETRY_AFTER },
        content: json(orders.orderAcceptedSchema),
        links: NEXT,
      },
    },
    problems: [
      ...([
        'OrderIdNotAllowed',
        'OrderIdTaken',
        'RequestInFlight',
        'IdempotencyKeyReused',
        'UnknownProduct',
        'Overloaded',
      ] as const),
      ...(['OrderNotFound', 'NotDecided', 'OrdersUnavailable', 'EngineUnavailable'] as const),
    ],
  }),
  operation({
    method: 'get',
    path: '/api/orders',
    operationId: 'listOrders',
    summary: 'Orders, newest first',
    description: 'From the read model; customers see their own. The cursor is stable while orders come and change.',
    query: orderListQuerySchema,
    headers: IF_NONE_MATCH,
    responses: {
      200: { description: 'A page.', headers: ETAG, content: json(orderListSchema) },
      ...NOT_MODIFIED,
    },
    problems: ['OrdersUnavailable', 'JournalUnavailable'],
  }),
  operation({
    method: 'get',
    path: '/api/orders/{orderId}',
    operationId: 'getOrder',
    summary: 'What was ordered, and how it stands',
    params,
    headers: IF_NONE_MATCH,
    responses: {
      200: { description: 'The order.', headers: ETAG, content: json(orders.orderSchema) },
      ...NOT_MODIFIED,
    },
    problems: ['InvalidRequest', 'OrderNotFound', 'OrdersUnavailable'],
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/orders/{orderId}/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order',
    description: 'Accepted and acted on, or refused with the present state.',
    reason: 'ordered_by_mistake',
    body: orders.cancelRequestSchema,
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/orders/{orderId}/approve',
    operationId: 'approveOrder',
    summary: 'Approve an order that waits for it',
    description: 'The order goes on to its payment.',
    reason: 'known customer',
    body: orders.decisionRequestSchema,
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/orders/{orderId}/reject',
    operationId: 'rejectOrder',
    summary: 'Reject an order that waits for approval',
    description: 'The order is undone, and ends as FAILED with the reason `ApprovalRejected`.',
    reason: 'no answer from the customer',
    body: orders.decisionRequestSchema,
  }),
];
