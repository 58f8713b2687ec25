/** Unconfirmed orders: the request that was to start them broke off. */
import type { AskedOrder } from './idempotency.js';
import type { Query } from './query.js';

export interface Unconfirmed extends AskedOrder {
  readonly startedAt: null;
  /** True if no request has named it for so long that none will: it may be deleted. */
  readonly givenUp: boolean;
}

/** A request that is still running has written a later `asked_at` than this. */
const LAPSED = `interval '15 seconds'`;
const GIVEN_UP = `interval '7 days'`;

/** At most 100, by id. An order that was found to have no workflow is skipped until it is requested again. */
export async function unconfirmedOrders(query: Query, schema: string, after?: string): Promise<Unconfirmed[]> {
  const rows = await query<{ id: string; mark: string | null; created_at: Date; given_up: boolean }>(
    `SELECT id, mark, created_at, asked_at < now() - ${GIVEN_UP} AS given_up FROM ${schema}.orders
     WHERE started_at IS NULL AND forgotten_at IS NULL AND asked_at < now() - ${LAPSED} AND id > $1
       AND (missed_at IS NULL OR missed_at < asked_at OR asked_at < now() - ${GIVEN_UP})
     ORDER BY id LIMIT 100`,
    [after ?? ''],
  );
  return rows.map(({ id, mark, created_at: createdAt, given_up: givenUp }) => ({
    orderId: id,
    mark,
    createdAt: createdAt.toISOString(),
    startedAt: null,
    givenUp,
  }));
}

/** Records that the order has no workflow, because its start has broken off. */
export async function markWithoutWorkflow(query: Query, schema: string, orderId: string): Promise<void> {
  await query(`UPDATE ${schema}.orders SET missed_at = now() WHERE id = $1 AND started_at IS NULL`, [orderId]);
}

/**
 * Deletes an order that was never started, and the keys of its requests. Nothing happens if a request came in
 * between, because the statement sees the row after the last writer's commit.
 */
export async function deleteUnconfirmed(query: Query, schema: string, orderId: string): Promise<void> {
  await query(
    `WITH gone AS (
       DELETE FROM ${schema}.orders WHERE id = $1 AND started_at IS NULL AND asked_at < now() - ${GIVEN_UP} RETURNING id
     )
     DELETE FROM ${schema}.idempotency_keys k USING gone
     WHERE k.order_id = gone.id AND k.answer IS NULL AND k.lease_until < now() - ${GIVEN_UP}`,
    [orderId],
  );
}
