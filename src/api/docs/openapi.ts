/** The OpenAPI document, made from the schemas that validate; what a route answers is listed once. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { API_KEY_HEADER } from '../http/credentials.js';
import { livenessSchema, readinessQuerySchema, readinessSchema } from '../schemas/health.js';
import { json, problems, RETRY_AFTER } from '../operations/operation.js';
import { ORDER_OPERATIONS } from '../operations/order-operations.js';
import { SAGA_OPERATIONS } from '../operations/saga-operations.js';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const HEALTH_OPERATIONS: readonly RouteConfig[] = [
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
    summary: 'What can be done at the moment: reading, placing, steering',
    request: { query: readinessQuerySchema },
    responses: {
      200: {
        description: 'The duty that was asked for can be done; without one, orders can be read at least.',
        content: json(readinessSchema),
      },
      503: {
        description: 'It cannot, or the process is about to end.',
        headers: RETRY_AFTER,
        content: json(readinessSchema),
      },
      ...problems('InvalidRequest'),
    },
  },
];

export function openApiDocument(): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Checked by the keys of the issuer; the roles `customer`, `operator`, `admin` are in a claim.',
  });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: API_KEY_HEADER,
    description: 'For machines; made with `npx --no unwind api-key`.',
  });
  for (const route of [...ORDER_OPERATIONS, ...SAGA_OPERATIONS, ...HEALTH_OPERATIONS]) registry.registerPath(route);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Unwind',
      version: '1',
      description:
        'Orders that finish, or are undone correctly. Errors are problem documents (RFC 9457), whose `type` is the ' +
        'address of a page that explains it. `x-roles` says who may do what, where authentication is on.',
    },
  });
}
