/** An operation's definition as the OpenAPI document has it: all that operations have in common is added here. */
import type { ResponseConfig, RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';
import { CORRELATION_PATTERN } from '../../platform/observability/correlation.js';
import { PROBLEMS, type ProblemCode, type ProblemKind } from '../../problems.js';
import { ETAG, RETRY_AFTER, type AnswerKind, type Definition } from '../operation.js';
import { problemSchema } from '../schemas/problem.js';

const BODY_PROBLEMS = [
  ...(['InvalidJson', 'InvalidRequest', 'PayloadTooLarge', 'UnsupportedMediaType', 'UnsupportedEncoding'] as const),
];

/** Of every operation that needs credentials. */
const GUARD_PROBLEMS = [
  ...(['Unauthenticated', 'InvalidCredentials', 'Forbidden', 'NotAcceptable', 'TooManyRequests'] as const),
  ...(['InternalError', 'IdentityUnavailable', 'HostNotAllowed'] as const),
];

const originHeaders = {
  // Without a pattern: a header that does not match is replaced, not refused.
  [CORRELATION_HEADER]: z
    .string()
    .optional()
    .meta({
      description:
        'Passed to every service and log line, and returned; made if it is absent or does not match `' +
        `${CORRELATION_PATTERN.source}\`.`,
    }),
  [TRACE_HEADER]: z.string().optional().meta({
    description: 'W3C trace context: the trace that the request goes on with; returned with a span of its own.',
  }),
};

const ifNoneMatch = {
  'if-none-match': z.string().optional().meta({ description: 'Answers 304 if nothing has changed.' }),
};

export function describeOperation(definition: Definition): RouteConfig {
  const { id, method, path, tag, summary, description, roles, params, query, body } = definition;
  const headers = headersOf(definition);
  return {
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(roles && { 'x-roles': roles }),
    security: roles ? [{ bearer: [] }, { apiKey: [] }] : [],
    request: {
      ...(headers && { headers: z.object(headers) }),
      ...(params && { params }),
      ...(query && { query }),
      ...(body && {
        body: { required: true, content: { 'application/json': { schema: body.schema, example: body.example } } },
      }),
    },
    responses: { ...answersOf(definition), ...problemsOf(new Set(codesOf(definition))) },
  };
}

function headersOf({ roles, headers = {}, conditional }: Definition): z.ZodRawShape | undefined {
  if (!roles) return undefined;
  const own = Object.values(headers).map(({ name, schema }) => [name, schema] as const);
  return { ...originHeaders, ...Object.fromEntries(own), ...(conditional && ifNoneMatch) };
}

function answersOf({ answers, conditional }: Definition): Record<number, ResponseConfig> {
  const shown = Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, conditional)] as const);
  return {
    ...Object.fromEntries(shown),
    ...(conditional && { 304: { description: 'Not changed.', headers: ETAG } }),
  };
}

/** A text in another media type is described as text only. */
const PLAIN_TEXT = { schema: { type: 'string' } } as const;

function answerOf(
  { body, type = 'application/json', otherTypes = [], headers, ...told }: AnswerKind,
  conditional?: true,
): ResponseConfig {
  const all = conditional ? { ...headers, ...ETAG } : headers;
  return {
    ...told,
    ...(all && { headers: all }),
    ...(body && {
      content: { [type]: { schema: body }, ...Object.fromEntries(otherTypes.map((other) => [other, PLAIN_TEXT])) },
    }),
  };
}

const codesOf = ({ method, roles, query, body, problems }: Definition): ProblemCode[] => [
  ...problems,
  ...(roles ? GUARD_PROBLEMS : []),
  ...(method !== 'get' ? (['OriginNotAllowed'] as const) : []),
  ...(query ? (['InvalidRequest'] as const) : []),
  ...(body ? BODY_PROBLEMS : []),
];

/** One response for each status, naming the codes that come with it. */
function problemsOf(codes: ReadonlySet<ProblemCode>): Record<number, ResponseConfig> {
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
