/** The endpoints of shops: registrations, as the API keeps them. */
import type { Pool } from 'pg';
import { drawSecret } from '../../platform/webhooks/sign.js';
import { inTransaction } from '../../platform/database/transaction.js';

/** The events that an endpoint can ask for. */
export const WEBHOOK_EVENTS = ['order.completed', 'order.failed', 'order.cancelled', 'order.blocked'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** A registration without its secret. Times are ISO 8601. */
export interface WebhookEndpoint {
  readonly webhookId: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly WebhookEvent[];
  /** `ended`: it answered 410, and gets nothing until it is enabled again. */
  readonly state: 'enabled' | 'disabled' | 'ended';
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The secret before the present one signs as well until then; null if there is none. */
  readonly oldSecretUntil: string | null;
  /** Since when each attempt has failed; null if the last one succeeded. */
  readonly failingSince: string | null;
}

/** The only two answers with a secret: a registration and a rotation. */
export interface WithSecret {
  readonly endpoint: WebhookEndpoint;
  readonly secret: string;
}

export interface NewEndpoint {
  readonly url: string;
  readonly description: string;
  readonly events: readonly WebhookEvent[];
  readonly createdBy: string | null;
}

/** The fields that change. */
export interface EndpointChange {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly events?: readonly WebhookEvent[] | undefined;
  readonly enabled?: boolean | undefined;
}

/** Endpoints that are not deleted. Each event costs a row for each of them. */
export const MOST_ENDPOINTS = 50;

/** How long the old secret signs beside a new one. */
const OLD_SECRET_HOURS = 24;

interface Row {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly WebhookEvent[];
  readonly state: WebhookEndpoint['state'];
  readonly created_by: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly old_secret_until: Date | null;
  readonly failing_since: Date | null;
}

const COLUMNS = `id, url, description, events, state, created_by, created_at, updated_at, failing_since,
  CASE WHEN old_secret_until > clock_timestamp() THEN old_secret_until END AS old_secret_until`;

const endpointOf = (row: Row): WebhookEndpoint => ({
  webhookId: row.id,
  url: row.url,
  description: row.description,
  events: row.events,
  state: row.state,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  oldSecretUntil: row.old_secret_until?.toISOString() ?? null,
  failingSince: row.failing_since?.toISOString() ?? null,
});

/** Another endpoint has the URL. */
const UNIQUE_VIOLATION = '23505';
const isTaken = (error: unknown): boolean => Object(error).code === UNIQUE_VIOLATION;

/** `taken`: an endpoint with this URL is registered. `full`: there are `MOST_ENDPOINTS`. */
export async function addEndpoint(
  pool: Pool,
  schema: string,
  { url, description, events, createdBy }: NewEndpoint,
): Promise<WithSecret | 'taken' | 'full'> {
  const secret = drawSecret();
  try {
    return await inTransaction(pool, async (client) => {
      // Registrations one after another, so that two at once do not pass the limit.
      await client.query(`LOCK TABLE ${schema}.webhook_endpoints IN SHARE ROW EXCLUSIVE MODE`);
      const { rows } = await client.query<Row>(
        `INSERT INTO ${schema}.webhook_endpoints (url, description, events, secret, created_by)
         SELECT $1, $2, $3, $4, $5
         WHERE (SELECT count(*) FROM ${schema}.webhook_endpoints WHERE state <> 'deleted') < ${MOST_ENDPOINTS}
         RETURNING ${COLUMNS}`,
        [url, description, events, secret, createdBy],
      );
      return rows[0] ? { endpoint: endpointOf(rows[0]), secret } : 'full';
    });
  } catch (error) {
    if (isTaken(error)) return 'taken';
    throw error;
  }
}

/** All of them, the oldest first; at most `MOST_ENDPOINTS`. */
export async function listEndpoints(pool: Pool, schema: string): Promise<WebhookEndpoint[]> {
  const { rows } = await pool.query<Row>(
    `SELECT ${COLUMNS} FROM ${schema}.webhook_endpoints WHERE state <> 'deleted' ORDER BY created_at, id`,
  );
  return rows.map(endpointOf);
}

export async function getEndpoint(pool: Pool, schema: string, id: string): Promise<WebhookEndpoint | undefined> {
  const { rows } = await pool.query<Row>(
    `SELECT ${COLUMNS} FROM ${schema}.webhook_endpoints WHERE id = $1 AND state <> 'deleted'`,
    [id],
  );
  return rows[0] && endpointOf(rows[0]);
}

/**
 * Changes the given fields. Enabling it ends every pause: its waiting messages are due at once. Undefined if there is
 * no such endpoint.
 */
export async function changeEndpoint(
  pool: Pool,
  schema: string,
  id: string,
  { url, description, events, enabled }: EndpointChange,
): Promise<WebhookEndpoint | 'taken' | undefined> {
  const state = enabled === undefined ? null : enabled ? 'enabled' : 'disabled';
  try {
    return await inTransaction(pool, async (client) => {
      const { rows } = await client.query<Row>(
        `UPDATE ${schema}.webhook_endpoints SET url = coalesce($2, url), description = coalesce($3, description),
           events = coalesce($4, events), state = coalesce($5, state), updated_at = clock_timestamp(),
           failures = CASE WHEN $5 = 'enabled' THEN 0 ELSE failures END,
           failing_since = CASE WHEN $5 = 'enabled' THEN NULL ELSE failing_since END,
           next_at = CASE WHEN $5 = 'enabled' THEN clock_timestamp() ELSE next_at END
         WHERE id = $1 AND state <> 'deleted' RETURNING ${COLUMNS}`,
        [id, url ?? null, description ?? null, events ?? null, state],
      );
      if (rows[0] && enabled === true) {
        await client.query(
          `UPDATE ${schema}.webhook_deliveries SET next_at = clock_timestamp()
           WHERE endpoint_id = $1 AND state = 'pending' AND claimed_until IS NULL`,
          [id],
        );
      }
      return rows[0] && endpointOf(rows[0]);
    });
  } catch (error) {
    if (isTaken(error)) return 'taken';
    throw error;
  }
}

/** A new secret; the one before it signs as well for a day, and the one before that no longer. */
export async function rotateSecret(pool: Pool, schema: string, id: string): Promise<WithSecret | undefined> {
  const secret = drawSecret();
  const { rows } = await pool.query<Row>(
    `UPDATE ${schema}.webhook_endpoints SET secret = $2, old_secret = secret, updated_at = clock_timestamp(),
       old_secret_until = clock_timestamp() + interval '${OLD_SECRET_HOURS} hours'
     WHERE id = $1 AND state <> 'deleted' RETURNING ${COLUMNS}`,
    [id, secret],
  );
  return rows[0] && { endpoint: endpointOf(rows[0]), secret };
}

/** Its secrets are gone at once; its deliveries go with the next tidying of a sender. False if there is none. */
export async function deleteEndpoint(pool: Pool, schema: string, id: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE ${schema}.webhook_endpoints SET state = 'deleted', secret = '', old_secret = NULL, old_secret_until = NULL,
       updated_at = clock_timestamp()
     WHERE id = $1 AND state <> 'deleted'`,
    [id],
  );
  return rowCount === 1;
}
