/** The log of deliveries: the messages of one endpoint, tests and re-sends. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { InvalidCursorError, type PageRequest } from '../read/reader.js';

/** The event of a test delivery. No registration asks for it. */
export const TEST_EVENT = 'webhook.test';

/** One message for one endpoint, as it stands. Times are ISO 8601. */
export interface WebhookDelivery {
  readonly deliveryId: string;
  /** The header `webhook-id`. */
  readonly messageId: string;
  readonly event: string;
  /** Null for a test. */
  readonly sagaId: string | null;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly createdAt: string;
  /** Attempts that began; the last of them may be under way. */
  readonly attempts: number;
  readonly lastAttemptAt: string | null;
  /** The status of the last answer; null if there was none. */
  readonly lastStatus: number | null;
  /** Why there was no answer, such as `ECONNREFUSED` or `TimeoutError`; null if there was one. */
  readonly lastError: string | null;
  /** Null once it is decided. */
  readonly nextAttemptAt: string | null;
}

interface Row {
  readonly position: string;
  readonly message_id: string;
  readonly event: string;
  readonly saga_id: string | null;
  readonly state: WebhookDelivery['state'];
  readonly created_at: Date;
  readonly attempts: number;
  readonly last_attempt_at: Date | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly next_at: Date;
}

const COLUMNS =
  'position, message_id, event, saga_id, state, created_at, attempts, last_attempt_at, last_status, last_error, next_at';

const deliveryOf = (row: Row): WebhookDelivery => ({
  deliveryId: row.position,
  messageId: row.message_id,
  event: row.event,
  sagaId: row.saga_id,
  state: row.state,
  createdAt: row.created_at.toISOString(),
  attempts: row.attempts,
  lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
  lastStatus: row.last_status,
  lastError: row.last_error,
  nextAttemptAt: row.state === 'pending' ? row.next_at.toISOString() : null,
});

/** The id of a delivery: a bigint that PostgreSQL takes. */
export const DELIVERY_ID_PATTERN = /^[1-9]\d{0,17}$/;

/** A page of an endpoint's deliveries, the newest first. @throws InvalidCursorError */
export async function listDeliveries(
  pool: Pool,
  schema: string,
  endpointId: string,
  { cursor, limit, state }: PageRequest & { readonly state?: WebhookDelivery['state'] | undefined },
): Promise<{ readonly items: WebhookDelivery[]; readonly next: string | null }> {
  if (cursor !== undefined && !DELIVERY_ID_PATTERN.test(cursor)) {
    throw new InvalidCursorError('This cursor comes from no list');
  }
  const { rows } = await pool.query<Row>(
    `SELECT ${COLUMNS} FROM ${schema}.webhook_deliveries
     WHERE endpoint_id = $1 AND ($2::bigint IS NULL OR position < $2) AND ($3::text IS NULL OR state = $3)
     ORDER BY position DESC LIMIT $4`,
    [endpointId, cursor ?? null, state ?? null, limit + 1],
  );
  const items = rows.slice(0, limit).map(deliveryOf);
  return { items, next: rows.length > limit ? (items.at(-1)?.deliveryId ?? null) : null };
}

/** Queues a test message for an endpoint that is there. */
export async function addTest(pool: Pool, schema: string, endpointId: string): Promise<WebhookDelivery> {
  const messageId = `msg_${randomUUID()}`;
  const body = JSON.stringify({ type: TEST_EVENT, timestamp: new Date().toISOString(), data: {} });
  const { rows } = await pool.query<Row>(
    `INSERT INTO ${schema}.webhook_deliveries (endpoint_id, message_id, event, body) VALUES ($1, $2, $3, $4)
     RETURNING ${COLUMNS}`,
    [endpointId, messageId, TEST_EVENT, body],
  );
  return deliveryOf(rows[0] as Row);
}

/**
 * Sends a message again, under the same id: its days begin again. One that waits is due at once, unless an attempt of it
 * is under way. Undefined if the endpoint has no such delivery.
 */
export async function resendDelivery(
  pool: Pool,
  schema: string,
  endpointId: string,
  deliveryId: string,
): Promise<WebhookDelivery | undefined> {
  if (!DELIVERY_ID_PATTERN.test(deliveryId)) return undefined;
  const { rows } = await pool.query<Row>(
    `UPDATE ${schema}.webhook_deliveries SET state = 'pending', since = clock_timestamp(), tries = 0, decided_at = NULL,
       next_at = CASE WHEN claimed_until > clock_timestamp() THEN next_at ELSE clock_timestamp() END
     WHERE endpoint_id = $1 AND position = $2 RETURNING ${COLUMNS}`,
    [endpointId, deliveryId],
  );
  return rows[0] && deliveryOf(rows[0]);
}
