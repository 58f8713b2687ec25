/**
 * The queues of the endpoints: one for each, so that an endpoint that is away holds up no other. Its rules:
 *
 *   1. Messages of one saga to one endpoint are sent one after another, in the order of the saga's events.
 *   2. An attempt is claimed before it is made, with a time at which its sender counts as dead; then another sender makes
 *      it again, under the same message id. So a message arrives at least once.
 *   3. An endpoint has few attempts under way at once, and only one while its attempts fail in a row.
 */
import { escapeIdentifier, type Pool } from 'pg';
import { inTransaction } from '../../platform/database/transaction.js';
import type { WebhookEvent } from './endpoints.js';

/** A message, before it is known for which endpoints it is. */
export interface WebhookMessage {
  readonly messageId: string;
  readonly sagaId: string;
  readonly event: WebhookEvent;
  readonly body: string;
  /** ISO 8601, the workflow's clock: endpoints that were registered later do not get it. */
  readonly at: string;
}

/**
 * Queues messages for every enabled endpoint that asks for their event. A message that is queued already, or was
 * decided in the last weeks, is not queued again. A minute of difference between the clocks loses nothing.
 */
export async function enqueue(pool: Pool, schema: string, messages: readonly WebhookMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await pool.query(
    `INSERT INTO ${schema}.webhook_deliveries (endpoint_id, message_id, saga_id, event, body)
     SELECT e.id, m."messageId", m."sagaId", m.event, m.body
     FROM ROWS FROM (jsonb_to_recordset($1)
       AS ("messageId" text, "sagaId" text, event text, body text, at timestamptz)) WITH ORDINALITY
       AS m ("messageId", "sagaId", event, body, at, number)
     JOIN ${schema}.webhook_endpoints e ON e.state = 'enabled' AND m.event = ANY (e.events)
       AND m.at > e.created_at - interval '1 minute'
     ORDER BY m.number
     ON CONFLICT (endpoint_id, message_id) DO NOTHING`,
    [JSON.stringify(messages)],
  );
}

/** An attempt that this sender has to make now. */
export interface DeliveryAttempt {
  readonly position: string;
  readonly endpointId: string;
  readonly messageId: string;
  readonly url: string;
  readonly body: string;
  /** The present secret, and the old one while it counts. */
  readonly secrets: readonly string[];
  /** The number of this attempt; the fence. */
  readonly attempt: number;
  /** Attempts since the message's days began, this one included. */
  readonly tries: number;
}

/** Attempts of one endpoint at once, over all senders. */
const AT_ONCE = 4;
/** After so many failures in a row an endpoint gets one attempt at a time. */
const FAILING = 3;

/**
 * Claims attempts that are due; at most `slots`.
 *
 * @param leaseMs after that time another sender makes the attempt again
 */
export async function claim(pool: Pool, schema: string, slots: number, leaseMs: number): Promise<DeliveryAttempt[]> {
  const { rows } = await pool.query<DeliveryAttempt>(
    `WITH ready AS MATERIALIZED (
       SELECT id, url, secret, failures, CASE WHEN old_secret_until > clock_timestamp() THEN old_secret END AS old_secret
       FROM ${schema}.webhook_endpoints
       WHERE state = 'enabled' AND next_at <= statement_timestamp()
       FOR UPDATE SKIP LOCKED
     ), room AS MATERIALIZED (
       SELECT ready.*, greatest(0, CASE WHEN failures >= ${FAILING} THEN 1 ELSE ${AT_ONCE} END - (
         SELECT count(*) FROM ${schema}.webhook_deliveries
         WHERE endpoint_id = ready.id AND claimed_until > statement_timestamp())) AS free
       FROM ready
     ), due AS MATERIALIZED (
       SELECT room.*, d.position FROM room CROSS JOIN LATERAL (
         SELECT d.position FROM ${schema}.webhook_deliveries d
         WHERE d.endpoint_id = room.id AND d.state = 'pending' AND d.next_at <= statement_timestamp()
           AND NOT EXISTS (
             SELECT 1 FROM ${schema}.webhook_deliveries earlier
             WHERE earlier.endpoint_id = d.endpoint_id AND earlier.saga_id = d.saga_id AND earlier.state = 'pending'
               AND earlier.position < d.position)
         ORDER BY d.next_at, d.position LIMIT room.free
       ) d
       ORDER BY random() LIMIT $1
     )
     UPDATE ${schema}.webhook_deliveries d SET attempts = d.attempts + 1, tries = d.tries + 1,
       last_attempt_at = clock_timestamp(), claimed_until = clock_timestamp() + $2 * interval '1 ms',
       next_at = clock_timestamp() + $2 * interval '1 ms'
     FROM due WHERE d.position = due.position
     RETURNING d.position, d.endpoint_id AS "endpointId", d.message_id AS "messageId", due.url, d.body,
       array_remove(ARRAY[due.secret, due.old_secret], NULL) AS secrets, d.attempts AS attempt, d.tries`,
    [slots, leaseMs],
  );
  return rows;
}

/** What has become of an attempt. */
export interface AttemptOutcome {
  readonly kind: 'delivered' | 'ended' | 'failed';
  readonly status: number | null;
  readonly error: string | null;
  /** Milliseconds before the message is tried again. */
  readonly pauseMs: number;
  /** Milliseconds for which the endpoint wants nothing at all; absent if it did not say so. */
  readonly retryAfterMs?: number | undefined;
  /** Milliseconds for which a message is tried; the attempt after that is the last one. */
  readonly patienceMs: number;
}

/** The pause of an endpoint whose attempts fail in a row: it doubles from one second on, up to a minute. */
const ENDPOINT_PAUSE = `least(60000, 1000 * 2 ^ least(failures - ${FAILING - 1}, 10)) * (0.8 + 0.4 * random())`;

/**
 * Stores the end of an attempt. Does nothing if the attempt was made again in between, because this sender counted as
 * dead. True if it is stored.
 */
export async function settle(
  pool: Pool,
  schema: string,
  claimed: DeliveryAttempt,
  settled: AttemptOutcome,
): Promise<boolean> {
  const { kind, status, error, pauseMs, retryAfterMs = 0, patienceMs } = settled;
  return inTransaction(pool, async (client) => {
    // The endpoint first, as a claim locks it.
    const { rows } = await client.query<{ failures: number }>(
      `SELECT failures FROM ${schema}.webhook_endpoints WHERE id = $1 FOR UPDATE`,
      [claimed.endpointId],
    );
    const { rowCount } = await client.query(
      `UPDATE ${schema}.webhook_deliveries SET claimed_until = NULL, last_status = $3, last_error = $4,
         next_at = clock_timestamp() + $6 * interval '1 ms',
         state = CASE WHEN $5 = 'delivered' THEN 'delivered'
           WHEN $5 = 'ended' OR since < clock_timestamp() - $7 * interval '1 ms' THEN 'failed' ELSE state END,
         decided_at = CASE WHEN $5 <> 'failed' OR since < clock_timestamp() - $7 * interval '1 ms'
           THEN clock_timestamp() END
       WHERE position = $1 AND attempts = $2 AND state = 'pending'`,
      [claimed.position, claimed.attempt, status, error, kind, pauseMs, patienceMs],
    );
    if (rowCount !== 1) return false;
    if (kind === 'delivered') {
      await client.query(
        `UPDATE ${schema}.webhook_endpoints SET failures = 0, failing_since = NULL WHERE id = $1 AND failures > 0`,
        [claimed.endpointId],
      );
      // It is back: what has waited for it is spread over the next seconds, each saga's messages still in their order.
      if ((rows[0]?.failures ?? 0) >= FAILING) {
        await client.query(
          `UPDATE ${schema}.webhook_deliveries SET next_at = clock_timestamp() + random() * interval '10 s'
           WHERE endpoint_id = $1 AND state = 'pending' AND claimed_until IS NULL
             AND next_at > clock_timestamp() + interval '10 s'`,
          [claimed.endpointId],
        );
      }
      return true;
    }
    await client.query(
      `UPDATE ${schema}.webhook_endpoints SET failures = failures + 1,
         failing_since = coalesce(failing_since, clock_timestamp()),
         state = CASE WHEN $2 = 'ended' AND state = 'enabled' THEN 'ended' ELSE state END,
         next_at = greatest(next_at, clock_timestamp() + interval '1 ms' * greatest($3,
           CASE WHEN failures + 1 >= ${FAILING} THEN ${ENDPOINT_PAUSE} ELSE 0 END))
       WHERE id = $1`,
      [claimed.endpointId, kind, retryAfterMs],
    );
    if (kind === 'ended') {
      await client.query(
        `UPDATE ${schema}.webhook_deliveries SET state = 'failed', last_error = 'EndpointEnded', decided_at = clock_timestamp()
         WHERE endpoint_id = $1 AND state = 'pending' AND claimed_until IS NULL`,
        [claimed.endpointId],
      );
    }
    return true;
  });
}

/** Gives attempts back that were claimed and not made: they are due at once. */
export async function giveBack(pool: Pool, schema: string, claims: readonly DeliveryAttempt[]): Promise<void> {
  if (claims.length === 0) return;
  await pool.query(
    `UPDATE ${schema}.webhook_deliveries d SET claimed_until = NULL, next_at = clock_timestamp()
     FROM unnest($1::bigint[], $2::int[]) AS c (position, attempt)
     WHERE d.position = c.position AND d.attempts = c.attempt AND d.state = 'pending'`,
    [claims.map(({ position }) => position), claims.map(({ attempt }) => attempt)],
  );
}

/** Deliveries that were decided so long ago are deleted. */
const KEPT = `interval '30 days'`;
const TIDIED_AT_ONCE = 1_000;

/** Deletes what is old, and what belongs to deleted endpoints; a bounded part of it. True if there may be more. */
export async function tidy(pool: Pool, schema: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `DELETE FROM ${schema}.webhook_deliveries WHERE position IN (
       (SELECT position FROM ${schema}.webhook_deliveries
        WHERE decided_at < statement_timestamp() - ${KEPT} ORDER BY decided_at LIMIT ${TIDIED_AT_ONCE})
       UNION ALL
       (SELECT d.position FROM ${schema}.webhook_endpoints e JOIN ${schema}.webhook_deliveries d ON d.endpoint_id = e.id
        WHERE e.state = 'deleted' LIMIT ${TIDIED_AT_ONCE}))`,
  );
  await pool.query(
    `DELETE FROM ${schema}.webhook_endpoints e WHERE state = 'deleted'
       AND NOT EXISTS (SELECT 1 FROM ${schema}.webhook_deliveries d WHERE d.endpoint_id = e.id)`,
  );
  return (rowCount ?? 0) >= TIDIED_AT_ONCE;
}

const COUNTED = 10_000;

/** How much waits, and at how many endpoints the last attempt failed. */
export async function readBacklog(pool: Pick<Pool, 'query'>, schemaName: string) {
  const schema = escapeIdentifier(schemaName);
  const { rows } = await pool.query<{ waiting: number; oldest: number | null; failing: number }>(
    `SELECT (SELECT count(*)::int FROM (
         SELECT FROM ${schema}.webhook_deliveries WHERE state = 'pending' LIMIT ${COUNTED}) AS some) AS waiting,
       (SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM ${schema}.webhook_deliveries
        WHERE state = 'pending' ORDER BY position LIMIT 1) AS oldest,
       (SELECT count(*)::int FROM ${schema}.webhook_endpoints WHERE state = 'enabled' AND failures > 0) AS failing`,
  );
  const { waiting = NaN, oldest = NaN, failing = NaN } = rows[0] ?? {};
  return { waiting, oldestSeconds: oldest ?? 0, failing };
}
