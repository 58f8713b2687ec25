/** Who asks, and with which roles. */

export const ROLES = ['customer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** All but customers, who reach their own orders and the sagas of these only; all others are not there for them (404). */
export const STAFF: readonly Role[] = ['operator', 'admin'];

export interface Caller {
  /** Idempotency keys and rate limits are counted by it; `anybody` where authentication is off. */
  readonly id: string;
  readonly roles: readonly Role[];
  /**
   * Who steers, in the saga's history: `customer` for a customer, and for staff their subject, or a pseudonym if that is
   * personal. Undefined where authentication is off, and the body says it.
   */
  readonly actor: string | undefined;
  /** The customer whose orders are the only ones there are for this caller; undefined for operators. */
  readonly customerId: string | undefined;
  /** May choose the ids of orders: staff, machines, and everybody if authentication is off. */
  readonly namesOrders: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/** The actor of each customer's decision. The order's owner says which customer it is. */
export const CUSTOMER = 'customer';

export interface ApiKey {
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the key, in hex. A key is 32 random bytes, so that a fast hash is enough. */
  readonly hash: string;
}

export interface TokenOptions {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** The claim with the roles: its name, or a path with dots. */
  readonly rolesClaim: string;
}

export interface AuthOptions {
  readonly tokens?: TokenOptions | undefined;
  readonly apiKeys: readonly ApiKey[];
}

/** By which a sender signs its commands by Kafka. */
export interface CommandKey {
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}

/** The id of everything that one request causes: the same name in HTTP and in the headers of Temporal's activities. */
export const CORRELATION_HEADER = 'x-correlation-id';
/** W3C trace context, by the same name in both: https://www.w3.org/TR/trace-context/#traceparent-header */
export const TRACE_HEADER = 'traceparent';
