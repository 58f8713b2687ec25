/** Who asks, and what is theirs. */
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Authenticate } from './authenticate.js';
import { PERMISSIONS, ROLES, type OperationId, type Role } from './permissions.js';
import { Problem } from './problem.js';

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
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/** The actor of each customer's decision. The order's owner says which customer it is. */
export const CUSTOMER = 'customer';

const ANYBODY: Caller = {
  id: 'anybody',
  roles: ROLES,
  actor: undefined,
  customerId: undefined,
  expiresAt: undefined,
};

const callers = new WeakMap<IncomingMessage, Caller>();

/** Finds out who asks, before anything else is looked at. Without `authenticate` anybody may do everything. */
export function identify(authenticate: Authenticate | undefined): RequestHandler {
  return async (req, _res, next) => {
    callers.set(req, authenticate ? await authenticate(req.headers) : ANYBODY);
    next();
  };
}

/** Undefined if nobody has asked yet who it is. */
export const knownCallerOf = (req: IncomingMessage): Caller | undefined => callers.get(req);

export function callerOf(req: Request): Caller {
  const caller = knownCallerOf(req);
  if (!caller) throw new Error('this route does not know who asks');
  return caller;
}

/** Lets those pass whose role may do this. */
export function allow(operation: OperationId): RequestHandler {
  const roles: readonly Role[] = PERMISSIONS[operation];
  return (req, _res, next) => {
    if (!callerOf(req).roles.some((role) => roles.includes(role))) {
      throw new Problem('Forbidden', { reason: 'RoleMissing' });
    }
    next();
  };
}

/** Who steers: the token says it. Where authentication is off, the body does. */
export function actorOf(caller: Caller, named: string | undefined, standard: string): string {
  if (caller.actor === undefined) return named ?? standard;
  if (named === undefined || named === caller.actor) return caller.actor;
  const message = 'is whoever the credentials name: leave it out';
  throw new Problem('InvalidRequest', { errors: [{ field: 'actor', message }] });
}
