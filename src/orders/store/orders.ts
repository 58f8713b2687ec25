/** The `orders` table: the customers' requests. The API writes it, activities read it. */
import { escapeIdentifier, type Pool } from 'pg';
import type { CancelReason, Metadata, Order, OrderItem, ShippingAddress, UnitPrices } from '../../order.js';
import { openBoundedPool } from '../../platform/database/pool.js';
import { askForOrder, confirm, confirmAll, releaseKey, withdraw, type Asked, type CallersKey } from './idempotency.js';
import type { AskedOrder, AskOutcome, StoredAnswer } from './idempotency.js';
import { forgetCustomer, forgetOrders, hashOf, ordersOfCustomer, ownersOf } from './forget.js';
import type { Forgetting, OrdersOwner, OwnedOrder } from './forget.js';
import { listOrders, type ListedOrder, type ListFilter, type ListPage } from './list.js';
import { deleteUnconfirmed, markWithoutWorkflow, unconfirmedOrders, type Unconfirmed } from './unconfirmed.js';
import { migrateOrders } from './migrate.js';
import { queryOn } from './query.js';
import { orUnavailable } from './unavailable.js';
import { probeWrites } from './write-probe.js';
import { randomBytes } from 'node:crypto';
import type { Query } from './query.js';

export type { AskedOrder, CallersKey, AskOutcome, OrderToStart, StoredAnswer } from './idempotency.js';
export type { Forgetting, OrdersOwner, OwnedOrder } from './forget.js';
export type { Unconfirmed } from './unconfirmed.js';

/** The kept data of an accepted cancel. */
export interface Cancellation {
  readonly reason: CancelReason;
  /** In the customer's own words: personal data, kept in this table only. */
  readonly comment?: string | undefined;
}

/** `startedAt` is the time when the start of its saga was confirmed; null while the order is not accepted. */
export interface StoredOrder extends Order, AskedOrder {
  readonly fingerprint: string;
  /** Null if it was not cancelled, or not by the API or a command. */
  readonly cancelReason: string | null;
  readonly cancelComment: string | null;
  /** The prices when the stock was reserved; undefined before. */
  readonly prices?: UnitPrices;
}

/** The stored data of a customer that fills in the missing parts of an order. */
export interface StoredCustomer {
  readonly customerId: string;
  readonly paymentMethod: string;
  readonly shippingAddress: ShippingAddress;
}

/** Every method throws `OrdersUnavailableError` while PostgreSQL is away. */
export interface OrderStore {
  /**
   * Writes the order, and the caller's key if there is one, in one round trip. The result tells if they exist
   * already.
   */
  ask(asked: Asked): Promise<AskOutcome>;
  /** Records that the saga's start is confirmed (the first time counts), and the answer for repeats under the key. */
  confirm(orderId: string, stored?: CallersKey & { readonly answer: StoredAnswer }): Promise<void>;
  /** The same without its request: for every key under which it was requested. */
  confirmAll(orderId: string, answer: StoredAnswer): Promise<void>;
  /** Deletes the row that was just written, and its key, because the id turned out to be another order's. */
  withdraw(
    order: Pick<AskedOrder, 'orderId' | 'mark'>,
    leased?: CallersKey & { readonly lease: string },
  ): Promise<void>;
  /** Ends the lease of the key, so that a repeat need not wait for it. */
  release(key: CallersKey, lease: string): Promise<void>;
  /** True if there is a request under this key already. */
  knowsKey(key: CallersKey): Promise<boolean>;
  /**
   * Requested orders that were never confirmed, by id after `after`; at most 100. Without those that are known to
   * have no workflow.
   */
  unconfirmed(after?: string): Promise<Unconfirmed[]>;
  /** Records that the order has no workflow; it gets one only if it is requested again. */
  markWithoutWorkflow(orderId: string): Promise<void>;
  /** Deletes an order that was never started and has had no request in seven days. */
  deleteUnconfirmed(orderId: string): Promise<void>;
  /** Keeps the reason of a cancel. The first reason and the first comment count: a repeat changes nothing. */
  keepCancellation(orderId: string, cancellation: Cancellation): Promise<void>;
  get(orderId: string): Promise<StoredOrder | undefined>;
  /** Keeps the prices of the order's products; the first time counts. */
  keepPrices(orderId: string, prices: UnitPrices): Promise<void>;
  customer(customerId: string): Promise<StoredCustomer | undefined>;
  /** A customer's orders that are not forgotten, by id after `after`; at most 200. */
  ordersOf(customerId: string, after?: string): Promise<OwnedOrder[]>;
  /** The customers of those of the orders that exist. */
  ownersOf(orderIds: readonly string[]): Promise<OrdersOwner[]>;
  /** Blanks the personal data of ended orders (rule 55), and returns their ids; see forget.ts. */
  forgetOrders(
    ids: readonly string[],
    forgetting: Forgetting & ({ readonly orderId: string } | { readonly customerId: string }),
  ): Promise<string[]>;
  /** Deletes the stored data for a customer's next orders. True if there was any. */
  forgetCustomer(customerId: string, forgetting: Forgetting): Promise<boolean>;
  /** Started or not, newest first, from after `before`. */
  list(filter: ListFilter, page: ListPage): Promise<ListedOrder[]>;
  /** 32 bytes under this name, the same for all processes on the database. */
  sharedKey(name: string): Promise<Uint8Array>;
  /** Resolves if the database answers. */
  ping(): Promise<void>;
  /**
   * Resolves if the database accepts a small write. If it refuses, throws the driver's error as well; see
   * write-probe.ts.
   */
  probeWrites(): Promise<void>;
  close(): Promise<void>;
}

export interface OrdersOptions {
  readonly databaseUrl: string;
  readonly schema?: string;
  /** Stores the demo customer. */
  readonly demoData: boolean;
  readonly poolSize?: number;
  /** How long another process may hold the lock for migrating the schema. */
  readonly migrationWaitMs?: number | undefined;
  /** Called for each pooled connection that breaks while it is idle; the pool replaces it. */
  readonly onConnectionLoss?: (error: Error) => void;
}

export const DEMO_CUSTOMER: StoredCustomer = {
  customerId: 'demo-customer',
  paymentMethod: 'pm_demo',
  shippingAddress: {
    name: 'Demo Customer',
    street: 'Sample Street 1',
    city: 'Vienna',
    postalCode: '1010',
    country: 'AT',
  },
};

/** A longer wait for a connection or an answer counts as an outage, because the API answers within two seconds. */
const PATIENCE_MS = 1_500;

/**
 * Brings the schema up to date and opens the store.
 * @throws the driver's error if the database is away
 */
export async function openOrders(options: OrdersOptions): Promise<OrderStore> {
  const { databaseUrl, schema = 'unwind', demoData, poolSize = 10, onConnectionLoss } = options;
  await migrateOrders(databaseUrl, schema, options.migrationWaitMs);
  const applicationName = 'unwind-orders';
  const pool = openBoundedPool({
    databaseUrl,
    applicationName,
    size: poolSize,
    patienceMs: PATIENCE_MS,
    onConnectionLoss,
  });
  const store = createStore(pool, escapeIdentifier(schema));
  try {
    if (demoData) await storeDemoCustomer(pool, escapeIdentifier(schema));
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function createStore(pool: Pool, schema: string): OrderStore {
  const query = queryOn(pool);
  return {
    ask: (asked) => askForOrder(query, schema, asked),
    confirm: (orderId, stored) => confirm(query, schema, orderId, stored),
    confirmAll: (orderId, answer) => confirmAll(query, schema, orderId, answer),
    release: (key, lease) => releaseKey(query, schema, key, lease),
    withdraw: (order, leased) => withdraw(query, schema, order, leased),
    async knowsKey({ owner, key }) {
      const found = await query(`SELECT 1 FROM ${schema}.idempotency_keys WHERE (owner, key) IN (($1, $2), ($3, $4))`, [
        owner,
        key,
        hashOf(owner),
        hashOf(key),
      ]);
      return found.length > 0;
    },
    ordersOf: (customerId, after) => ordersOfCustomer(query, schema, customerId, after),
    ownersOf: (ids) => ownersOf(query, schema, ids),
    forgetOrders: (ids, forgetting) => forgetOrders(query, schema, ids, forgetting),
    forgetCustomer: (customerId, forgetting) => forgetCustomer(query, schema, customerId, forgetting),
    unconfirmed: (after) => unconfirmedOrders(query, schema, after),
    markWithoutWorkflow: (orderId) => markWithoutWorkflow(query, schema, orderId),
    deleteUnconfirmed: (orderId) => deleteUnconfirmed(query, schema, orderId),
    async keepCancellation(orderId, { reason, comment }) {
      await query(
        `UPDATE ${schema}.orders SET cancel_reason = coalesce(cancel_reason, $2), cancel_comment = coalesce(cancel_comment, $3)
         WHERE id = $1 AND forgotten_at IS NULL`,
        [orderId, reason, comment ?? null],
      );
    },
    async get(orderId) {
      const [row] = await query<OrderRow>(`SELECT ${ORDER_COLUMNS} FROM ${schema}.orders WHERE id = $1`, [orderId]);
      return row && orderOf(row);
    },
    async keepPrices(orderId, prices) {
      await query(`UPDATE ${schema}.orders SET prices = $2 WHERE id = $1 AND prices IS NULL`, [
        orderId,
        JSON.stringify(prices),
      ]);
    },
    async customer(customerId) {
      const [row] = await query<CustomerRow>(
        `SELECT payment_token, shipping_address FROM ${schema}.customers WHERE id = $1`,
        [customerId],
      );
      return row && { customerId, paymentMethod: row.payment_token, shippingAddress: row.shipping_address };
    },
    list: (filter, page) => orUnavailable(() => listOrders(pool, schema, filter, page)),
    sharedKey: (name) => sharedKey(query, schema, name),
    async ping() {
      await query('SELECT 1');
    },
    probeWrites: () => probeWrites(pool, schema),
    close: () => pool.end(),
  };
}

interface CustomerRow {
  readonly payment_token: string;
  readonly shipping_address: ShippingAddress;
}

interface OrderRow extends CustomerRow {
  readonly id: string;
  readonly customer_id: string;
  readonly items: OrderItem[];
  readonly fingerprint: string;
  readonly metadata: Metadata | null;
  readonly prices: UnitPrices | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly cancel_reason: string | null;
  readonly cancel_comment: string | null;
  readonly mark: string | null;
  readonly forgotten_at: Date | null;
}

const ORDER_COLUMNS =
  'id, customer_id, items, payment_token, shipping_address, fingerprint, created_at, started_at, cancel_reason, cancel_comment, mark, forgotten_at, metadata, prices';

const orderOf = (row: OrderRow): StoredOrder => ({
  orderId: row.id,
  customerId: row.customer_id,
  items: row.items,
  paymentMethod: row.payment_token,
  shippingAddress: row.shipping_address,
  fingerprint: row.fingerprint,
  createdAt: row.created_at.toISOString(),
  startedAt: row.started_at?.toISOString() ?? null,
  cancelReason: row.cancel_reason,
  cancelComment: row.cancel_comment,
  mark: row.mark,
  forgottenAt: row.forgotten_at?.toISOString() ?? null,
  ...(row.metadata && { metadata: row.metadata }),
  ...(row.prices && { prices: row.prices }),
});

async function storeDemoCustomer(pool: Pool, schema: string): Promise<void> {
  const { customerId, paymentMethod, shippingAddress } = DEMO_CUSTOMER;
  await pool.query(
    `INSERT INTO ${schema}.customers (id, payment_token, shipping_address) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO NOTHING`,
    [customerId, paymentMethod, JSON.stringify(shippingAddress)],
  );
}

/** 32 random bytes, made by the first process that asks. A deleted row is replaced with a new key. */
async function sharedKey(query: Query, schema: string, name: string): Promise<Uint8Array> {
  await query(`INSERT INTO ${schema}.shared_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, [
    name,
    randomBytes(32),
  ]);
  const [row] = await query<{ key: Buffer }>(`SELECT key FROM ${schema}.shared_keys WHERE name = $1`, [name]);
  if (!row) throw new Error(`the key ${name} was deleted while it was read`);
  return new Uint8Array(row.key);
}
