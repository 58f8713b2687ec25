/**
 * Refusals that are not published. Each is published by itself, so that one that cannot be published stops no other.
 */
import { escapeIdentifier, type Pool } from 'pg';
import type { Refusal } from './refusal.js';
import type { QueuedCommand } from './rows.js';

export interface Unpublished extends QueuedCommand, Refusal {
  readonly on_dlq: boolean;
  readonly on_events: boolean;
  readonly publish_attempts: number;
  readonly publish_error: string | null;
}

export interface Refusals {
  /** Claims due refusals for this process alone, for a minute. */
  claim(most: number): Promise<Unpublished[]>;
  published(refusal: Unpublished): Promise<void>;
  /** Records the forms that have succeeded, and the time of the next attempt. */
  failed(refusal: Unpublished, how: { readonly error: string; readonly pauseMs: number }): Promise<void>;
}

export function openRefusals(pool: Pool, schemaName: string): Refusals {
  const schema = escapeIdentifier(schemaName);
  return {
    async claim(most) {
      const { rows } = await pool.query<Unpublished>(
        `UPDATE ${schema}.queued_commands SET publish_at = clock_timestamp() + interval '1 minute',
           publish_attempts = publish_attempts + 1
         WHERE id = ANY (ARRAY(
           SELECT id FROM ${schema}.queued_commands WHERE code IS NOT NULL AND publish_at <= statement_timestamp()
           ORDER BY publish_at LIMIT $1 FOR UPDATE SKIP LOCKED))
         RETURNING *`,
        [most],
      );
      return rows;
    },
    async published({ id }) {
      await pool.query(`DELETE FROM ${schema}.queued_commands WHERE id = $1 AND code IS NOT NULL`, [id]);
    },
    async failed({ id, on_dlq, on_events }, { error, pauseMs }) {
      await pool.query(
        `UPDATE ${schema}.queued_commands SET on_dlq = $2, on_events = $3, publish_error = $4,
           publish_at = clock_timestamp() + $5 * interval '1 millisecond'
         WHERE id = $1`,
        [id, on_dlq, on_events, error, pauseMs],
      );
    },
  };
}
