/** The OpenAPI document, made from the schemas that validate; what a route answers is listed once, here. */
import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CORRELATION_HEADER, CORRELATION_PATTERN } from './correlation.js';
import { livenessSchema, readinessSchema } from './health-schemas.js';
import * as orders from './order-schemas.js';
import { problemSchema } from './problem-schema.js';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problems.js';
import { SAGA_ID_PATTERN, sagaStatusSchema } from './saga-schemas.js';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } } as const;

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

/** One response for each status, naming the codes that come with it. */
function problems(...codes: ProblemCode[]): Record<number, ResponseConfig> {
  const responses: Record<number, ResponseConfig> = {};
  for (const code of [...codes, 'InternalError'] as const) {
    const { status, title, retryAfter }: ProblemKind = PROBLEMS[code];
    const line = `\`${code}\`: ${title}`;
    const others = responses[status]?.description;
    responses[status] = {
      description: others === undefined ? line : `${others}\n\n${line}`,
      content: { 'application/problem+json': { schema: problemSchema } },
      ...(retryAfter !== undefined && { headers: RETRY_AFTER }),
    };
  }
  return responses;
}

const BODY_PROBLEMS = ['InvalidJson', 'InvalidRequest', 'PayloadTooLarge', 'UnsupportedMediaType'] as const;

const correlation = z.object({
  [CORRELATION_HEADER]: z
    .string()
    .regex(CORRELATION_PATTERN)
    .optional()
    .meta({ description: 'Passed to every service and log line; made where it is absent or malformed, and returned.' }),
});

const orderParams = z.object({ orderId: orders.orderId });
const sagaParams = z.object({ sagaId: z.string().regex(SAGA_ID_PATTERN).meta({ example: 'order-4711' }) });

const ROUTES: readonly RouteConfig[] = [
  {
    method: 'post',
    path: '/api/orders',
    operationId: 'placeOrder',
    summary: 'Place an order',
    description:
      'Starts the saga of the order. An order with an `orderId` can be sent again: the same body answers with the ' +
      'order as it stands, another body is refused.',
    request: { headers: correlation, body: { required: true, content: json(orders.orderRequestSchema) } },
    responses: {
      202: {
        description: 'The order is accepted: it will be completed, or undone.',
        headers: { Location: { schema: { type: 'string' }, description: 'The order.' }, ...RETRY_AFTER },
        content: json(orders.orderAcceptedSchema),
      },
      200: { description: 'This very order was accepted before.', content: json(orders.orderSchema) },
      ...problems(
        ...BODY_PROBLEMS,
        'OrderIdTaken',
        'UnknownProduct',
        'OrdersUnavailable',
        'EngineUnavailable',
        'Overloaded',
      ),
    },
  },
  {
    method: 'get',
    path: '/api/orders/{orderId}',
    operationId: 'getOrder',
    summary: 'What was ordered, and how it stands',
    request: { headers: correlation, params: orderParams },
    responses: {
      200: { description: 'The order.', content: json(orders.orderSchema) },
      ...problems('InvalidRequest', 'OrderNotFound', 'OrdersUnavailable'),
    },
  },
  {
    method: 'post',
    path: '/api/orders/{orderId}/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order',
    description:
      'Accepted and acted on, or refused with the present state. Undecided within five seconds it answers 503, and ' +
      'the same request can be sent again.',
    request: {
      headers: correlation,
      params: orderParams,
      body: { required: true, content: json(orders.cancelRequestSchema) },
    },
    responses: {
      200: { description: 'The decision: the order is being undone.', content: json(orders.cancelDecisionSchema) },
      ...problems(...BODY_PROBLEMS, 'OrderNotFound', 'AlreadyFulfilled', 'AlreadyUnwinding', 'AlreadyEnded'),
      ...problems('NotDecided', 'OrdersUnavailable'),
    },
  },
  {
    method: 'get',
    path: '/api/sagas/{sagaId}/status',
    operationId: 'getSagaStatus',
    summary: 'Where a saga stands, step by step',
    description: 'Answered with every worker down too; `source` and `asOf` say how well it is known.',
    request: { headers: correlation, params: sagaParams },
    responses: {
      200: { description: 'The saga.', content: json(sagaStatusSchema) },
      ...problems('InvalidRequest', 'SagaNotFound', 'OrdersUnavailable'),
    },
  },
  {
    method: 'get',
    path: '/health/live',
    operationId: 'live',
    summary: 'This process answers',
    responses: { 200: { description: 'It lives.', content: json(livenessSchema) } },
  },
  {
    method: 'get',
    path: '/health/ready',
    operationId: 'ready',
    summary: 'Orders can be taken: PostgreSQL and Temporal answer',
    responses: {
      200: { description: 'Ready.', content: json(readinessSchema) },
      503: { description: 'Something is away.', headers: RETRY_AFTER, content: json(readinessSchema) },
    },
  },
];

export function openApiDocument(): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  for (const route of ROUTES) registry.registerPath(route);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Unwind',
      version: '1',
      description: 'Orders that finish, or are undone correctly. Errors are problem documents (RFC 9457).',
    },
  });
}
