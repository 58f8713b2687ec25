/** Orders as they are listed: whose, and when. What was ordered stays out of lists. */
import type { Pool } from 'pg';

export interface ListedOrder {
  readonly orderId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The same as the database writes it, to the microsecond: for `before`. */
  readonly createdAtMark: string;
  readonly startedAt: string | null;
}

export interface ListFilter {
  readonly customerId?: string | undefined;
  /** ISO 8601, inclusive. */
  readonly from?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly to?: string | undefined;
  readonly ids?: readonly string[] | undefined;
}

export interface ListPage {
  /** The last one of the page before. */
  readonly before?: { readonly time: string; readonly id: string } | undefined;
  readonly limit: number;
}

interface Row {
  readonly id: string;
  readonly customer_id: string | null;
  readonly created_at: Date;
  readonly mark: string;
  readonly started_at: Date | null;
}

/** By the time of their creation, which never changes: nothing moves while somebody pages. */
export async function listOrders(
  pool: Pool,
  schema: string,
  { customerId, from, to, ids }: ListFilter,
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
  const { rows } = await pool.query<Row>(
    `SELECT id, CASE WHEN forgotten_at IS NULL THEN customer_id END AS customer_id, created_at, created_at::text AS mark, started_at FROM ${schema}.orders
     ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY created_at DESC, id DESC LIMIT $${values.push(limit)}`,
    values,
  );
  return rows.map((row) => ({
    orderId: row.id,
    customerId: row.customer_id,
    createdAt: row.created_at.toISOString(),
    createdAtMark: row.mark,
    startedAt: row.started_at?.toISOString() ?? null,
  }));
}
