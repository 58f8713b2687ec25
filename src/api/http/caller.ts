/** The caller of a request, and the caller's own orders. */
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Authenticate } from './authenticate.js';
import { API_KEY_HEADER } from './credentials.js';
import type { StreamTickets } from './stream-tickets.js';
import { ROLES, type Role, type Caller } from '../../caller.js';
import { Problem } from '../../problems.js';

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
  /** Undefined: every caller may do everything. */
  readonly authenticate: Authenticate | undefined;
  readonly tickets: Pick<StreamTickets, 'open'>;
}

/** Identifies the caller, before anything else of the request is looked at. */
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

/** Undefined if the caller is not identified. */
export const knownCallerOf = (req: IncomingMessage): Caller | undefined => callers.get(req);

export function callerOf(req: Request): Caller {
  const caller = knownCallerOf(req);
  if (!caller) throw new Error('this route does not know who asks');
  return caller;
}

/** Refuses callers that have none of these roles. */
export function allow(roles: readonly Role[]): RequestHandler {
  return (req, _res, next) => {
    if (!callerOf(req).roles.some((role) => roles.includes(role))) {
      throw new Problem('Forbidden', { reason: 'RoleMissing' });
    }
    next();
  };
}
