/**
 * Forgets a person (rule 55): the personal columns of the orders' rows are blanked, and the rows stay. So an id stays
 * taken, and a repeat of an old request is still answered as a repeat.
 */
import { createHash } from 'node:crypto';
import type { Query } from './query.js';

export interface Forgetting {
  /** The actor and the reason, kept in the table `forgettings`. */
  readonly actor: string;
  readonly reason: string;
}

/**
 * The stored form of a forgotten owner, and of a forgotten idempotency key. No customer's id and no key begins with
 * `#`.
 */
export const hashOf = (text: string): string => `#${createHash('sha256').update(text).digest('hex')}`;
const HASH = (column: string): string => `'#' || encode(sha256(convert_to(${column}, 'UTF8')), 'hex')`;

const BLANK_ADDRESS = JSON.stringify({ name: '', street: '', city: '', postalCode: '', country: '' });

/** An order without a request for so long is not about to be started. */
const QUIET = `interval '1 minute'`;

/**
 * Blanks the named orders and the keys of their requests, in one transaction. It skips orders that are forgotten
 * already, and orders with a recent request that were never started. Returns the ids that were blanked.
 */
export async function forgetOrders(
  query: Query,
  schema: string,
  ids: readonly string[],
  { actor, reason, ...asked }: Forgetting & ({ readonly orderId: string } | { readonly customerId: string }),
): Promise<string[]> {
  const order = 'orderId' in asked ? asked.orderId : null;
  const owner = 'customerId' in asked ? hashOf(asked.customerId) : null;
  const rows = await query<{ id: string }>(
    `WITH blanked AS (
       UPDATE ${schema}.orders SET customer_id = ${HASH('customer_id')}, payment_token = '', metadata = NULL, shipping_address = $2,
         cancel_comment = NULL, forgotten_at = now()
       WHERE id = ANY ($1) AND forgotten_at IS NULL AND (started_at IS NOT NULL OR asked_at < now() - ${QUIET})
       RETURNING id
     ), keys AS (
       UPDATE ${schema}.idempotency_keys k SET owner = ${HASH('k.owner')}, key = ${HASH('k.key')}
       FROM blanked WHERE k.order_id = blanked.id
     ), noted AS (
       INSERT INTO ${schema}.forgettings (actor, reason, order_id, owner_hash, orders)
       SELECT $3, $4, $5, $6, count(*) FROM blanked HAVING count(*) > 0
     )
     SELECT id FROM blanked ORDER BY id`,
    [ids, BLANK_ADDRESS, actor, reason, order, owner],
  );
  return rows.map(({ id }) => id);
}

export interface OwnedOrder {
  readonly orderId: string;
  readonly startedAt: string | null;
}

/** A customer's orders that are not forgotten, by id after `after`; at most 200. */
export async function ordersOfCustomer(
  query: Query,
  schema: string,
  customerId: string,
  after?: string,
): Promise<OwnedOrder[]> {
  const rows = await query<{ id: string; started_at: Date | null }>(
    `SELECT id, started_at FROM ${schema}.orders
     WHERE customer_id = $1 AND id > $2 AND forgotten_at IS NULL ORDER BY id LIMIT 200`,
    [customerId, after ?? ''],
  );
  return rows.map(({ id, started_at: startedAt }) => ({ orderId: id, startedAt: startedAt?.toISOString() ?? null }));
}

export interface OrdersOwner extends OwnedOrder {
  /** `hashOf` the customer's id if the order is forgotten. */
  readonly customerId: string;
  readonly forgotten: boolean;
}

/** The customers of these orders; an order that does not exist is left out. */
export async function ownersOf(query: Query, schema: string, ids: readonly string[]): Promise<OrdersOwner[]> {
  if (ids.length === 0) return [];
  const rows = await query<{ id: string; customer_id: string; forgotten: boolean; started_at: Date | null }>(
    `SELECT id, customer_id, forgotten_at IS NOT NULL AS forgotten, started_at FROM ${schema}.orders WHERE id = ANY ($1)`,
    [ids],
  );
  return rows.map(({ id, customer_id: customerId, forgotten, started_at: startedAt }) => ({
    orderId: id,
    customerId,
    forgotten,
    startedAt: startedAt?.toISOString() ?? null,
  }));
}

/** Deletes the stored data for a customer's next orders. True if there was any. */
export async function forgetCustomer(
  query: Query,
  schema: string,
  customerId: string,
  { actor, reason }: Forgetting,
): Promise<boolean> {
  const rows = await query<{ id: string }>(
    `WITH gone AS (DELETE FROM ${schema}.customers WHERE id = $1 RETURNING id)
     INSERT INTO ${schema}.forgettings (actor, reason, owner_hash, orders) SELECT $2, $3, $4, 0 FROM gone RETURNING id`,
    [customerId, actor, reason, hashOf(customerId)],
  );
  return rows.length > 0;
}
