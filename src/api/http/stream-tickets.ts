/**
 * Tickets for streams: a browser's `EventSource` can send no header, and every proxy logs an address. So the caller
 * gets a ticket for one stream of one saga that lapses within a minute. It is encrypted, because it names the caller.
 * All processes of the API accept one another's tickets, because their key is in PostgreSQL.
 */
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { OrderStore } from '../../orders/store/orders.js';
import type { Caller } from '../../caller.js';
import { Problem } from '../../problems.js';

export interface StreamTickets {
  /** Throws `OrdersUnavailableError` while PostgreSQL is away. */
  issue(caller: Caller, sagaId: string): Promise<{ readonly ticket: string; readonly expiresAt: string }>;
  /** @throws Problem `InvalidCredentials` if it is not a ticket of ours for this saga, or has lapsed */
  open(ticket: string, sagaId: string): Promise<Caller>;
}

export const TICKET_FOR_S = 60;
/** Processes keep the key for so long; after that they read the row again, which may have been replaced. */
const KEY_FOR_MS = 60_000;
const CLOCKS_DIFFER_BY_S = 5;
const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

const audienceOf = (sagaId: string): string => `stream of ${sagaId}`;

export function streamTickets(orders: Pick<OrderStore, 'sharedKey'>): StreamTickets {
  let known: { readonly key: Promise<Uint8Array>; readonly until: number } | undefined;
  const keyOf = (): Promise<Uint8Array> => {
    if (known && known.until > performance.now()) return known.key;
    const key = orders.sharedKey('stream-tickets');
    known = { key, until: performance.now() + KEY_FOR_MS };
    key.catch(() => (known = undefined));
    return key;
  };
  return {
    async issue({ id, roles, actor, customerId, expiresAt }, sagaId) {
      const until = Math.floor(Date.now() / 1_000) + TICKET_FOR_S;
      const ticket = await new EncryptJWT({ caller: { id, roles, actor, customerId, expiresAt } })
        .setProtectedHeader(ALGORITHM)
        .setAudience(audienceOf(sagaId))
        .setExpirationTime(until)
        .encrypt(await keyOf());
      return { ticket, expiresAt: new Date(until * 1_000).toISOString() };
    },
    async open(ticket, sagaId) {
      const key = await keyOf();
      const options = {
        audience: audienceOf(sagaId),
        requiredClaims: ['exp'],
        clockTolerance: CLOCKS_DIFFER_BY_S,
        keyManagementAlgorithms: [ALGORITHM.alg],
        contentEncryptionAlgorithms: [ALGORITHM.enc],
      };
      const { payload } = await jwtDecrypt<{ caller: Caller }>(ticket, key, options).catch((error: unknown) => {
        if (!(error instanceof errors.JOSEError)) throw error;
        throw new Problem('InvalidCredentials', { reason: 'TicketNotValid' }, { cause: error });
      });
      const { id, roles, actor, customerId, namesOrders, expiresAt } = payload.caller;
      if (expiresAt !== undefined && expiresAt < Date.now()) {
        throw new Problem('InvalidCredentials', { reason: 'TicketNotValid' });
      }
      return { id, roles, actor, customerId, namesOrders, expiresAt };
    },
  };
}
