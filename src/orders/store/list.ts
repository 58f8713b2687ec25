/** Lists orders: owners and times. The ordered products stay out of lists. */
import type { Pool } from 'pg';

export interface ListedOrder {
  readonly orderId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The same time as the database writes it, to the microsecond: for `before`. */
  readonly createdAtMark: string;
  readonly startedAt: string | null;
  /** True if the order has the product of the filter, or if the filter has none. */
  readonly hasProduct: boolean;
}

export interface ListFilter {
  readonly customerId?: string | undefined;
  /**
   * The listed orders of a customer include those without the product, marked, so that a page costs the same however
   * few orders have it.
   */
  readonly productId?: string | undefined;
  /** ISO 8601, inclusive. */
  readonly from?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly to?: string | undefined;
  readonly ids?: readonly string[] | undefined;
}

export interface ListPage {
  /** The last order of the page before. */
  readonly before?: { readonly time: string; readonly id: string } | undefined;
  readonly limit: number;
}

interface Row {
  readonly id: string;
  readonly customer_id: string | null;
  readonly created_at: Date;
  readonly mark: string;
  readonly started_at: Date | null;
  readonly has_product: boolean;
}

/** In the order of their creation times. These never change, so orders do not move between pages. */
export async function listOrders(
  pool: Pool,
  schema: string,
  filter: ListFilter,
  page: ListPage,
): Promise<ListedOrder[]> {
  const { customerId, productId, ids } = filter;
  if (productId === undefined || customerId !== undefined || ids !== undefined)
    return listRows(pool, schema, filter, page);
  const found = await idsWithProduct(pool, schema, { ...filter, productId }, page);
  return listRows(pool, schema, { ids: found }, { limit: page.limit });
}

/** One index gives the rows in order, in either direction. */
async function listRows(
  pool: Pool,
  schema: string,
  { customerId, productId, from, to, ids }: ListFilter,
  { before, limit }: ListPage,
): Promise<ListedOrder[]> {
  const values: unknown[] = [];
  const where = [
    customerId !== undefined && `customer_id = $${values.push(customerId)}`,
    from !== undefined && `created_at >= $${values.push(from)}`,
    to !== undefined && `created_at < $${values.push(to)}`,
    ids !== undefined && `id = ANY ($${values.push(ids)})`,
    before !== undefined && `(created_at, id) < ($${values.push(before.time)}, $${values.push(before.id)})`,
  ].filter((condition) => condition !== false);
  const marked = productId !== undefined && `items @> $${values.push(JSON.stringify([{ productId }]))}::jsonb`;
  const { rows } = await pool.query<Row>(
    `SELECT id, CASE WHEN forgotten_at IS NULL THEN customer_id END AS customer_id, created_at, created_at::text AS mark,
       started_at, ${marked || 'true'} AS has_product
     FROM ${schema}.orders ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY created_at DESC, id DESC LIMIT $${values.push(limit)}`,
    values,
  );
  return rows.map((row) => ({
    orderId: row.id,
    customerId: row.customer_id,
    createdAt: row.created_at.toISOString(),
    createdAtMark: row.mark,
    startedAt: row.started_at?.toISOString() ?? null,
    hasProduct: row.has_product,
  }));
}

async function idsWithProduct(
  pool: Pool,
  schema: string,
  { productId, from, to }: ListFilter,
  { before, limit }: ListPage,
): Promise<string[]> {
  const values: unknown[] = [productId];
  const where = [
    'product_id = $1',
    from !== undefined && `created_at >= $${values.push(from)}`,
    to !== undefined && `created_at < $${values.push(to)}`,
    before !== undefined && `(created_at, order_id) < ($${values.push(before.time)}, $${values.push(before.id)})`,
  ].filter((condition) => condition !== false);
  const { rows } = await pool.query<{ order_id: string }>(
    `SELECT order_id FROM ${schema}.order_products WHERE ${where.join(' AND ')}
     ORDER BY created_at DESC, order_id DESC LIMIT $${values.push(limit)}`,
    values,
  );
  return rows.map(({ order_id: orderId }) => orderId);
}
