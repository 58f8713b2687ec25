/** Who asks, and what is theirs. */
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Authenticate } from './authenticate.js';
import { API_KEY_HEADER } from './credentials.js';
import { PERMISSIONS, ROLES, type OperationId, type Role } from './permissions.js';
import { Problem } from './problem-document.js';
import type { StreamTickets } from '../operations/stream-tickets.js';

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

const ANYBODY: Caller = {
  id: 'anybody',
  roles: ROLES,
  actor: undefined,
  customerId: undefined,
  namesOrders: true,
  expiresAt: undefined,
};

const callers = new WeakMap<IncomingMessage, Caller>();

interface Identification {
  /** Undefined: anybody may do everything. */
  readonly authenticate: Authenticate | undefined;
  readonly tickets: Pick<StreamTickets, 'open'>;
}

/** Finds out who asks, before anything else is looked at. */
export function identify({ authenticate, tickets }: Identification): RequestHandler {
  return async (req, _res, next) => {
    callers.set(req, authenticate ? await callerFrom(req, authenticate, tickets) : ANYBODY);
    next();
  };
}

/** A ticket counts for the stream that it was issued for, and beside no other credentials. */
async function callerFrom(
  req: Request,
  authenticate: Authenticate,
  tickets: Identification['tickets'],
): Promise<Caller> {
  const { ticket } = req.query;
  const [, sagaId] = /^\/sagas\/([^/]+)\/stream\/?$/.exec(req.path) ?? [];
  const reads = req.method === 'GET' || req.method === 'HEAD';
  if (!reads || sagaId === undefined || typeof ticket !== 'string') return authenticate(req.headers);
  if (req.headers.authorization !== undefined || req.headers[API_KEY_HEADER] !== undefined) {
    throw new Problem('InvalidCredentials', { reason: 'TwoCredentials' });
  }
  return tickets.open(ticket, sagaId);
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
