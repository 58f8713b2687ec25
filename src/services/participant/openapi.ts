/** One schema for each request: it validates, gives the type, and is published here. */
import { extendZodWithOpenApi, OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { effectId } from './fields.js';
import type { Participant } from './participant.js';
import { fault } from './faults.js';
import type { ServiceOptions } from './service.js';
import type { ProblemCode } from './problem.js';

extendZodWithOpenApi(z);

export interface Documented {
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly params?: z.ZodObject;
  readonly answer: z.ZodType;
  readonly problems: readonly ProblemCode[];
}

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  correlationId: z.string(),
});

const params = z.object({ id: effectId });
const content = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const listing = z.object({
  orderId: z.string().optional(),
  effect: z.literal('applied').optional(),
  cursor: z.string().optional(),
  limit: z.string().optional().openapi({ description: 'From 1 to 500; 100 by default.' }),
});

/** The OpenAPI 3.1 document of a participant; `extra` are the routes that only this participant has. */
export function openApiOf<Body extends { readonly orderId: string }>(
  participant: Participant<Body>,
  { faultInjection, token }: Pick<ServiceOptions, 'faultInjection' | 'token'>,
  extra: readonly Documented[] = [],
): object {
  const registry = new OpenAPIRegistry();
  registerEffects(registry, participant, registry.register('Problem', problem));
  for (const route of extra) registerGet(registry, route);
  if (faultInjection) {
    registry.registerPath({
      method: 'post',
      path: '/api/test/fail-next-request',
      summary: 'Arms a fault; no body arms one refusal',
      request: { body: { ...content(fault), required: false } },
      responses: { 200: { description: 'Armed', ...content(fault) } },
    });
  }
  if (token !== undefined) registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    ...(token !== undefined && { security: [{ token: [] }] }),
    info: { title: `Unwind ${participant.name}`, version: '1' },
  });
}

function registerEffects<Body extends { readonly orderId: string }>(
  registry: OpenAPIRegistry,
  participant: Participant<Body>,
  problemSchema: typeof problem,
): void {
  const { collection, undo, refusals } = participant;
  const effect = registry.register('Effect', effectOf(participant.detail));
  const path = `/api/${collection}/{id}`;
  const refused = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: problemSchema } },
  });
  registry.registerPath({
    method: 'put',
    path,
    summary: 'Applies the effect, once; a repeat gets the stored answer',
    request: { params, body: { ...content(participant.request), required: true } },
    responses: {
      200: { description: 'Applied', ...content(effect) },
      400: refused('ValidationFailed, MalformedJson'),
      409: refused('IdempotencyMismatch'),
      410: refused('AlreadyCancelled'),
      422: refused(refusals.join(', ')),
      503: refused('ServiceUnavailable'),
    },
  });
  if (undo !== undefined) {
    registry.registerPath({
      method: 'delete',
      path,
      summary: 'Undoes the effect, once; of an unknown id it leaves a tombstone',
      request: { params },
      responses: { 200: { description: 'undone or fenced', ...content(effect) }, 409: refused(undo.refusal) },
    });
  }
  registerGet(registry, {
    path,
    summary: 'Tells whether the effect stands; of an unknown id: none',
    params,
    answer: effect,
    problems: ['ValidationFailed'],
  });
  registerGet(registry, {
    path: `/api/${collection}`,
    summary: 'All effects, in pages, in the order of their ids',
    query: listing,
    answer: z.object({ items: z.array(effect), nextCursor: z.string().nullable() }),
    problems: ['ValidationFailed'],
  });
}

function effectOf(detail: z.ZodRawShape): z.ZodObject {
  return z.object({
    id: z.string(),
    status: z.enum(['none', 'applied', 'refused', 'undone', 'fenced']),
    effect: z.enum(['applied', 'none']),
    orderId: z.string().optional(),
    code: z.string().optional(),
    ...z.object(detail).partial().shape,
  });
}

function registerGet(registry: OpenAPIRegistry, route: Documented): void {
  registry.registerPath({
    method: 'get',
    path: route.path,
    summary: route.summary,
    request: {
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.params === undefined ? {} : { params: route.params }),
    },
    responses: {
      200: { description: 'OK', ...content(route.answer) },
      default: { description: route.problems.join(', ') },
    },
  });
}
