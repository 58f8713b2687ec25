/** The `orders` table: what customers asked for. Written by the API, read by activities. */
import { escapeIdentifier, Pool, type QueryResultRow } from 'pg';
import type { Order, OrderItem, ShippingAddress } from '../order.js';
import { listOrders, type ListedOrder, type ListFilter, type ListPage } from './list.js';
import { migrateOrders } from './migrate.js';
import { orUnavailable } from './unavailable.js';

export interface StoredOrder extends Order {
  readonly fingerprint: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** When the start of its saga was confirmed; null while the order is not accepted. */
  readonly startedAt: string | null;
}

/** What is known of a customer and fills in what an order leaves out. */
export interface StoredCustomer {
  readonly customerId: string;
  readonly paymentMethod: string;
  readonly shippingAddress: ShippingAddress;
}

/** Every method throws `OrdersUnavailableError` while PostgreSQL is away. */
export interface OrderStore {
  /** `same` and `different` tell an order that exists already from one under the same id with other content. */
  insert(order: Order, fingerprint: string): Promise<'created' | 'same' | 'different'>;
  /** Records that the saga's start is confirmed; the first time counts. */
  markStarted(orderId: string): Promise<void>;
  get(orderId: string): Promise<StoredOrder | undefined>;
  customer(customerId: string): Promise<StoredCustomer | undefined>;
  /** Started or not, newest first, from after `before`. */
  list(filter: ListFilter, page: ListPage): Promise<ListedOrder[]>;
  /** Resolves if the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface OrdersOptions {
  readonly databaseUrl: string;
  readonly schema?: string;
  /** Stores the demo customer. */
  readonly demoData: boolean;
  readonly poolSize?: number;
  /** Told of each pooled connection that breaks while nobody uses it; the pool replaces it. */
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

/** Waiting longer than this for a connection or an answer is an outage: the API answers within two seconds. */
const PATIENCE_MS = 1_500;

/** Brings the schema up to date and opens the store. Throws what the driver throws if the database is away. */
export async function openOrders(options: OrdersOptions): Promise<OrderStore> {
  const { databaseUrl, schema = 'unwind', demoData, poolSize = 10, onConnectionLoss } = options;
  await migrateOrders(databaseUrl, schema);
  const pool = new Pool({
    connectionString: databaseUrl,
    max: poolSize,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
    keepAlive: true,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => onConnectionLoss?.(error));
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
  const query = <Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
    orUnavailable(async () => (await pool.query<Row>(text, values)).rows);

  async function insert(order: Order, fingerprint: string): Promise<'created' | 'same' | 'different'> {
    const created = await query(
      `INSERT INTO ${schema}.orders (id, customer_id, items, payment_token, shipping_address, fingerprint)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING id`,
      [
        order.orderId,
        order.customerId,
        JSON.stringify(order.items),
        order.paymentMethod,
        JSON.stringify(order.shippingAddress),
        fingerprint,
      ],
    );
    if (created.length > 0) return 'created';
    const [row] = await query<{ fingerprint: string }>(`SELECT fingerprint FROM ${schema}.orders WHERE id = $1`, [
      order.orderId,
    ]);
    // The row that was in the way has been deleted since: the id is free again.
    if (!row) return insert(order, fingerprint);
    return row.fingerprint === fingerprint ? 'same' : 'different';
  }

  return {
    insert,
    async markStarted(orderId) {
      await query(`UPDATE ${schema}.orders SET started_at = coalesce(started_at, now()) WHERE id = $1`, [orderId]);
    },
    async get(orderId) {
      const [row] = await query<OrderRow>(`SELECT * FROM ${schema}.orders WHERE id = $1`, [orderId]);
      return row && orderOf(row);
    },
    async customer(customerId) {
      const [row] = await query<CustomerRow>(`SELECT * FROM ${schema}.customers WHERE id = $1`, [customerId]);
      return row && { customerId, paymentMethod: row.payment_token, shippingAddress: row.shipping_address };
    },
    list: (filter, page) => orUnavailable(() => listOrders(pool, schema, filter, page)),
    async ping() {
      await query('SELECT 1');
    },
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
  readonly created_at: Date;
  readonly started_at: Date | null;
}

const orderOf = (row: OrderRow): StoredOrder => ({
  orderId: row.id,
  customerId: row.customer_id,
  items: row.items,
  paymentMethod: row.payment_token,
  shippingAddress: row.shipping_address,
  fingerprint: row.fingerprint,
  createdAt: row.created_at.toISOString(),
  startedAt: row.started_at?.toISOString() ?? null,
});

async function storeDemoCustomer(pool: Pool, schema: string): Promise<void> {
  const { customerId, paymentMethod, shippingAddress } = DEMO_CUSTOMER;
  await pool.query(
    `INSERT INTO ${schema}.customers (id, payment_token, shipping_address) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO NOTHING`,
    [customerId, paymentMethod, JSON.stringify(shippingAddress)],
  );
}
