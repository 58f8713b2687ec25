/**
 * Requests for an order: writes its row and the caller's idempotency key with a lease, in one statement and so in one
 * round trip.
 */
import { randomUUID } from 'node:crypto';
import type { Order } from '../../order.js';
import { hashOf } from './forget.js';
import type { Query } from './query.js';

/** An idempotency key belongs to its caller: the same key of another caller is another key. */
export interface CallersKey {
  readonly owner: string;
  readonly key: string;
}

/** The answer for repeats of an answered request. */
export interface StoredAnswer {
  readonly status: number;
  readonly location: string;
  readonly body: unknown;
}

export interface Asked {
  readonly order: Order;
  /** The fingerprint of the content, before defaults. */
  readonly fingerprint: string;
  /** The caller has chosen the order's id. */
  readonly named: boolean;
  readonly key?: CallersKey | undefined;
}

/** A row of an order, as far as its start needs it. */
export interface AskedOrder {
  readonly orderId: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  /** Also in the memo of its workflow; null in a row of an older release. */
  readonly mark: string | null;
}

/** A requested row. The requester starts its saga unless it runs already (`startedAt`). */
export interface OrderToStart extends AskedOrder {
  readonly outcome: 'asked';
  /** The id was drawn by the API for the request that wrote the row: no earlier order can have had it. */
  readonly drawn: boolean;
  /** The lease of the idempotency key. */
  readonly lease?: string;
}

export type AskOutcome =
  | OrderToStart
  /** The id belongs to an order with other content or of another customer. */
  | { readonly outcome: 'taken' }
  /** The key was used for another request. */
  | { readonly outcome: 'otherRequest'; readonly orderId: string }
  /** Another request under this key is running. */
  | { readonly outcome: 'inFlight'; readonly orderId: string }
  | { readonly outcome: 'answered'; readonly orderId: string; readonly answer: StoredAnswer };

/** Longer than any request holds it, because a request gives up both databases together after four seconds. */
const LEASE_MS = 10_000;

/** Only a row with the same content is updated: its `asked_at` keeps it from being deleted while it is started. */
const ASK = (schema: string, source: string): string => `
  INSERT INTO ${schema}.orders AS o
    (id, customer_id, items, payment_token, shipping_address, fingerprint, mark, metadata, drawn)
  ${source}
  ON CONFLICT (id) DO UPDATE SET asked_at = now()
    WHERE o.fingerprint = EXCLUDED.fingerprint AND o.customer_id = EXCLUDED.customer_id
  RETURNING o.id, o.created_at, o.started_at, o.mark, o.drawn`;

interface AskedRow {
  readonly id: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly mark: string | null;
  readonly drawn: boolean;
}

const askedOf = ({ id, created_at: createdAt, started_at: startedAt, mark, drawn }: AskedRow) => ({
  outcome: 'asked' as const,
  orderId: id,
  createdAt: createdAt.toISOString(),
  startedAt: startedAt?.toISOString() ?? null,
  mark,
  drawn,
});

const columnsOf = (
  { customerId, items, paymentMethod, shippingAddress, metadata }: Order,
  fingerprint: string,
): unknown[] => [
  customerId,
  JSON.stringify(items),
  paymentMethod,
  JSON.stringify(shippingAddress),
  fingerprint,
  randomUUID(),
  metadata === undefined ? null : JSON.stringify(metadata),
];

/** Writes the order's row, and the caller's key if there is one; the outcome says if they existed already. */
export async function askForOrder(query: Query, schema: string, asked: Asked): Promise<AskOutcome> {
  if (asked.key) return takeKey(query, schema, asked, asked.key);
  const { order, fingerprint, named } = asked;
  const values = [order.orderId, ...columnsOf(order, fingerprint), !named];
  const [row] = await query<AskedRow>(ASK(schema, 'VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)'), values);
  return row ? askedOf(row) : { outcome: 'taken' };
}

/** An id that the caller has chosen is part of the request. A repeat may add an id that the API has drawn. */
const requestPrint = ({ fingerprint, named, order }: Asked): string => `${fingerprint}/${named ? order.orderId : ''}`;
const repeatPrint = ({ fingerprint, named }: Asked): string | null => (named ? `${fingerprint}/` : null);

/**
 * An id that an earlier request under the key has drawn does not count as drawn by this request, because its row may
 * have been deleted since.
 */
const FROM_TAKEN =
  'SELECT order_id, $2, $3::jsonb, $4, $5::jsonb, $6, $7::uuid, $8::jsonb, $9 AND order_id = $1 FROM taken_key';

async function takeKey(query: Query, schema: string, asked: Asked, { owner, key }: CallersKey): Promise<AskOutcome> {
  const lease = randomUUID();
  const { order, fingerprint } = asked;
  const print = requestPrint(asked);
  const columns = [order.orderId, ...columnsOf(order, fingerprint), !asked.named];
  // A key that was forgotten with its order is recognised by its hash, because its repeat must not place the order
  // again.
  const [row] = await query<({ readonly id: null } | AskedRow) & { order_id: string }>(
    `WITH taken_key AS (
       INSERT INTO ${schema}.idempotency_keys AS k (owner, key, fingerprint, order_id, lease, lease_until)
       SELECT $10, $11, $12, $1, $14::uuid, clock_timestamp() + $15 * interval '1 ms'
       WHERE NOT EXISTS (SELECT 1 FROM ${schema}.idempotency_keys WHERE owner = $16 AND key = $17)
       ON CONFLICT (owner, key) DO UPDATE SET lease = EXCLUDED.lease, lease_until = EXCLUDED.lease_until
         WHERE k.answer IS NULL AND k.lease_until <= clock_timestamp()
           AND (k.fingerprint = $12 OR (k.fingerprint = $13 AND k.order_id = $1))
       RETURNING k.order_id
     ), asked AS (${ASK(schema, FROM_TAKEN)})
     SELECT taken_key.order_id, asked.* FROM taken_key LEFT JOIN asked ON true`,
    [...columns, owner, key, print, repeatPrint(asked), lease, LEASE_MS, hashOf(owner), hashOf(key)],
  );
  if (row && row.id !== null) return { ...askedOf(row), lease };
  if (row) {
    await forgetKey(query, schema, { owner, key }, lease);
    return { outcome: 'taken' };
  }
  return (await readKey(query, schema, asked, { owner, key })) ?? takeKey(query, schema, asked, { owner, key });
}

interface KeyRow {
  readonly fingerprint: string;
  readonly order_id: string;
  readonly answer: StoredAnswer | null;
  readonly lapsed: boolean;
}

/** Undefined if the key has become free in the meantime. */
async function readKey(
  query: Query,
  schema: string,
  asked: Asked,
  { owner, key }: CallersKey,
): Promise<AskOutcome | undefined> {
  const [row] = await query<KeyRow>(
    `SELECT fingerprint, order_id, answer, lease_until <= clock_timestamp() AS lapsed
     FROM ${schema}.idempotency_keys WHERE (owner, key) IN (($1, $2), ($3, $4))`,
    [owner, key, hashOf(owner), hashOf(key)],
  );
  if (!row) return undefined;
  const { order_id: orderId, answer } = row;
  const repeat = row.fingerprint === repeatPrint(asked) && orderId === asked.order.orderId;
  if (row.fingerprint !== requestPrint(asked) && !repeat) return { outcome: 'otherRequest', orderId };
  if (answer) return { outcome: 'answered', orderId, answer };
  return row.lapsed ? undefined : { outcome: 'inFlight', orderId };
}

const STARTED = (schema: string): string =>
  `UPDATE ${schema}.orders SET started_at = coalesce(started_at, now()) WHERE id = $1`;

const ANSWERED = (schema: string): string =>
  `UPDATE ${schema}.idempotency_keys SET answer = $2, lease_until = now() WHERE order_id = $1 AND answer IS NULL`;

/** Records that the saga's start is confirmed (the first time counts), and the answer for repeats under the key. */
export async function confirm(
  query: Query,
  schema: string,
  orderId: string,
  stored?: CallersKey & { readonly answer: StoredAnswer },
): Promise<void> {
  if (!stored) {
    await query(STARTED(schema), [orderId]);
    return;
  }
  const { owner, key, answer } = stored;
  const values = [orderId, JSON.stringify(answer), owner, key];
  await query(`WITH started AS (${STARTED(schema)}) ${ANSWERED(schema)} AND owner = $3 AND key = $4`, values);
}

/** The same without its request: for every key under which the order was requested. */
export async function confirmAll(query: Query, schema: string, orderId: string, answer: StoredAnswer): Promise<void> {
  await query(`WITH started AS (${STARTED(schema)}) ${ANSWERED(schema)}`, [orderId, JSON.stringify(answer)]);
}

/** Ends the lease of a request that could not be finished, so that a repeat need not wait for it. */
export async function releaseKey(query: Query, schema: string, { owner, key }: CallersKey, lease: string) {
  await query(
    `UPDATE ${schema}.idempotency_keys SET lease_until = now() WHERE owner = $1 AND key = $2 AND lease = $3`,
    [owner, key, lease],
  );
}

/**
 * Deletes the row and the key of a request whose id turned out to be taken, unless another request has named them
 * since.
 */
export async function withdraw(
  query: Query,
  schema: string,
  { orderId, mark }: Pick<AskedOrder, 'orderId' | 'mark'>,
  leased?: CallersKey & { readonly lease: string },
): Promise<void> {
  await query(
    `DELETE FROM ${schema}.orders WHERE id = $1 AND mark = $2 AND started_at IS NULL AND asked_at = created_at`,
    [orderId, mark],
  );
  if (leased) await forgetKey(query, schema, leased, leased.lease);
}

/** Deletes the key of a refused request, because 4xx answers are never stored. */
async function forgetKey(query: Query, schema: string, { owner, key }: CallersKey, lease: string): Promise<void> {
  await query(
    `DELETE FROM ${schema}.idempotency_keys WHERE owner = $1 AND key = $2 AND lease = $3 AND answer IS NULL`,
    [owner, key, lease],
  );
}
