/** One definition per operation: it gives the route, the guard, the validation, the OpenAPI document and the client. */
import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ProblemCode } from '../problems.js';
import type { OperationDeps } from './deps.js';
import type { RequestHeader } from './http/headers.js';
import type { Caller, Role } from '../caller.js';

/** One successful answer, as the OpenAPI document shows it and as the handler has to give it. */
export interface AnswerKind {
  readonly description: string;
  /** Absent: an answer without a body. */
  readonly body?: z.ZodType;
  /** The media type of the body; `application/json` by default. */
  readonly type?: string;
  /** Other media types in which the query can ask for the same. */
  readonly otherTypes?: readonly string[];
  readonly headers?: Readonly<
    Record<string, { readonly schema: { readonly type: 'string' | 'integer' }; readonly description: string }>
  >;
  readonly links?: NonNullable<ResponseConfig['links']>;
}

/** A union of literals, so that the compiler compares a handler's status with those of its definition. */
type Status = 200 | 201 | 202 | 204 | 431 | 503;

/** How the document groups operations. */
export const TAGS = {
  orders: 'Placing orders, reading them, deciding on them.',
  sagas: 'Sagas of any type: their status, and the decisions of operators.',
  events: 'The audit trail: pages of events, and streams.',
  audit: 'Decisions and denials: who, what, why, when, with which outcome.',
  reconciler: 'Sagas that were left behind, and their repair.',
  webhooks: 'Endpoints that hear of orders: registrations, tests, the log of deliveries.',
  access: 'Who the caller is, and tickets for browsers.',
  health: 'For supervisors and load balancers; without credentials.',
} as const;

/** How the audit records an operation's decisions. */
export interface DecidesAs {
  /** `cancel`, say; if the body has an `action`, that is recorded. */
  readonly action: string;
  /** The actor's name if neither the credentials nor the body give one. */
  readonly standard: string;
}

export interface Definition {
  /** The operation's name in the OpenAPI document, and the method of the client. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As in OpenAPI: `/api/orders/{orderId}`. */
  readonly path: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** Which roles the operation is for. Absent: it needs no credentials. */
  readonly roles?: readonly Role[];
  /** Shown in the document only: the handler answers a malformed id with 404, as it does an unknown one. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Request headers that this operation reads, beyond those that every operation takes. */
  readonly headers?: Readonly<Record<string, RequestHeader<unknown>>>;
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown };
  /** The answer has an ETag, and `If-None-Match` makes it 304. */
  readonly conditional?: true;
  /** By status. */
  readonly answers: Readonly<Partial<Record<Status, AnswerKind>>>;
  /** The decision that this operation makes, as the audit names it. Absent: it decides nothing. */
  readonly decides?: DecidesAs;
  /** The problems of this operation alone: those of its guard and of its validation are added. */
  readonly problems: readonly ProblemCode[];
}

export const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } } as const;

export const ETAG = {
  ETag: { schema: { type: 'string' }, description: 'For `If-None-Match`, and for `If-Match` of a decision.' },
} as const;

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request that has passed the guard and the validation. */
export interface Asked<D extends Definition> {
  readonly req: Request;
  readonly res: Response;
  readonly caller: D['roles'] extends readonly Role[] ? Caller : undefined;
  readonly params: { readonly [Name in keyof Output<D['params']>]: string };
  readonly query: Output<D['query']>;
  readonly body: D['body'] extends { readonly schema: infer Schema } ? Output<Schema> : undefined;
  /** Each one reads its header. Throws `InvalidRequest` if the header is malformed. */
  readonly headers: {
    readonly [Name in keyof D['headers']]: D['headers'][Name] extends RequestHeader<infer Value> ? () => Value : never;
  };
}

/** A handler's answer: a status of the definition with the body that belongs to it. */
export type Answer<D extends Definition> = {
  readonly [Code in keyof D['answers'] & Status]: {
    readonly status: Code;
    readonly headers?: Readonly<Record<string, string>>;
    /** The state that `If-Match` compares. With it the answer has an ETag, whether `conditional` or not. */
    readonly state?: string;
  } & (D['answers'][Code] extends { readonly body: infer Schema }
    ? { readonly body: Output<Schema> }
    : { readonly body?: undefined });
}[keyof D['answers'] & Status];

/** Resolves to undefined if it has written the response itself. Throws a `Problem` that the definition names. */
export type Handle<D extends Definition> = (asked: Asked<D>) => Promise<Answer<D> | undefined>;

/** An answer as it is sent. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly body?: unknown;
}

/** An entry of the list in `operations.ts`. */
export interface Operation extends Definition {
  /** Called once for each app: all requests of the app share its state. */
  readonly handlerOf: (deps: OperationDeps) => (asked: never) => Promise<PlainAnswer | undefined>;
}

/**
 * An operation of the API. `handlerOf` gives its handler for one app.
 *
 * @example
 *   export const ping = operation(
 *     { id: 'ping', method: 'get', path: '/api/ping', …, answers: { 200: { description: 'It answers.', body: pong } } },
 *     () => async () => ({ status: 200, body: { pong: true } }),
 *   );
 */
export const operation = <const D extends Definition>(
  definition: D,
  handlerOf: (deps: OperationDeps) => Handle<D>,
): D & Operation => ({ ...definition, handlerOf });
