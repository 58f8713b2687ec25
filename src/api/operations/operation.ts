/** How an operation is written down for the OpenAPI document: what all of them have in common is added here. */
import type { ResponseConfig, RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CORRELATION_HEADER, CORRELATION_PATTERN } from '../../platform/observability/correlation.js';
import { PERMISSIONS, type OperationId } from '../http/permissions.js';
import { problemSchema } from '../schemas/problem.js';
import { PROBLEMS, type ProblemCode, type ProblemKind } from '../../problems.js';
import { TRACE_HEADER } from '../../platform/observability/trace.js';

export const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } } as const;

export const ETAG = {
  ETag: { schema: { type: 'string' }, description: 'For `If-None-Match`, and for `If-Match` of a decision.' },
} as const;

export const json = (schema: z.ZodType, example?: unknown) => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
});

/** One response for each status, naming the codes that come with it. */
export function problems(...codes: ProblemCode[]): Record<number, ResponseConfig> {
  const responses: Record<number, ResponseConfig> = {};
  for (const code of codes) {
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

export const BODY_PROBLEMS = ['InvalidJson', 'InvalidRequest', 'PayloadTooLarge', 'UnsupportedMediaType'] as const;

const EVERYWHERE = [
  ...(['Unauthenticated', 'InvalidCredentials', 'Forbidden', 'NotAcceptable', 'TooManyRequests'] as const),
  ...(['InternalError', 'IdentityUnavailable', 'HostNotAllowed'] as const),
];

const originHeaders = {
  // No pattern: what does not match is replaced, not refused.
  [CORRELATION_HEADER]: z
    .string()
    .optional()
    .meta({
      description:
        'Passed to every service and log line, and returned; made where it is absent or does not match `' +
        `${CORRELATION_PATTERN.source}\`.`,
    }),
  [TRACE_HEADER]: z.string().optional().meta({
    description: 'W3C trace context: the trace that the request goes on with; returned with a span of its own.',
  }),
};

interface Described {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operationId: OperationId;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Beyond those that every operation takes. */
  readonly headers?: z.ZodRawShape;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown };
  readonly responses: Record<number, ResponseConfig>;
  readonly problems: readonly ProblemCode[];
}

/** An operation for callers with a role; `x-roles` says which. */
export function operation({ body, problems: codes, params, query, headers, ...route }: Described): RouteConfig {
  const all = [
    ...codes,
    ...EVERYWHERE,
    ...(route.method === 'post' ? (['OriginNotAllowed'] as const) : []),
    ...(query ? (['InvalidRequest'] as const) : []),
  ];
  return {
    ...route,
    'x-roles': PERMISSIONS[route.operationId],
    security: [{ bearer: [] }, { apiKey: [] }],
    request: {
      headers: z.object({ ...originHeaders, ...headers }),
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: json(body.schema, body.example) } }),
    },
    responses: { ...route.responses, ...problems(...new Set([...all, ...(body ? BODY_PROBLEMS : [])])) },
  };
}

export const IF_NONE_MATCH = {
  'if-none-match': z.string().optional().meta({ description: 'Answers 304 if it is so still.' }),
};

export const IF_MATCH = {
  'if-match': z.string().optional().meta({ description: 'The ETag that was decided on: anything newer is 412.' }),
};

export const NOT_MODIFIED: Record<number, ResponseConfig> = { 304: { description: 'Not changed.', headers: ETAG } };
