/** Which commands were taken in, and what became of them: what the broker delivers again is not acted on again. */
import { createHash } from 'node:crypto';
import { escapeIdentifier, type Pool } from 'pg';
import type { Envelope } from './command.js';

/** `repeated`: it was decided; `other`: another command has this id. */
export type TakenIn = 'new' | 'undecided' | 'repeated' | 'other';

export interface Refusal {
  readonly id: string;
  readonly sagaId: string | undefined;
  readonly reason: string;
}

export interface Inbox {
  /** Also where it was taken in before and not decided: its reader may have died over it. */
  takeIn(id: string, value: Buffer | null, envelope: Partial<Envelope>): Promise<TakenIn>;
  accepted(id: string): Promise<void>;
  /** Also a dead letter: it is there for an operator to see. */
  refused(refusal: Refusal): Promise<void>;
  /** Forgets what was decided so long ago that no broker delivers it again. */
  prune(): Promise<void>;
}

const KEPT = '30 days';

export function openInbox(pool: Pool, schemaName: string): Inbox {
  const schema = escapeIdentifier(schemaName);
  return {
    async takeIn(id, value, { sagaId, command }) {
      const fingerprint = createHash('sha256')
        .update(value ?? '')
        .digest('hex');
      const { rowCount } = await pool.query(
        `INSERT INTO ${schema}.saga_commands (id, fingerprint, saga_id, command) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING`,
        [id, fingerprint, sagaId ?? null, command ?? null],
      );
      if (rowCount === 1) return 'new';
      const { rows } = await pool.query<{ fingerprint: string; outcome: string | null }>(
        `SELECT fingerprint, outcome FROM ${schema}.saga_commands WHERE id = $1`,
        [id],
      );
      const [row] = rows;
      if (row && row.fingerprint !== fingerprint) return 'other';
      return row?.outcome ? 'repeated' : 'undecided';
    },
    async accepted(id) {
      await pool.query(
        `UPDATE ${schema}.saga_commands SET outcome = 'accepted', decided_at = clock_timestamp() WHERE id = $1`,
        [id],
      );
    },
    async refused({ id, sagaId, reason }) {
      await pool.query(
        `WITH decided AS (
           UPDATE ${schema}.saga_commands SET outcome = 'refused', reason = $3, decided_at = clock_timestamp()
           WHERE id = $1
         )
         INSERT INTO ${schema}.dead_letters (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts)
         VALUES ('rejectedCommand', $2, 'kafka', $1, $3, clock_timestamp(), clock_timestamp(), 1)
         ON CONFLICT (event_id) WHERE kind = 'rejectedCommand' DO UPDATE SET last_at = excluded.last_at`,
        [id, sagaId ?? null, reason],
      );
    },
    async prune() {
      await pool.query(`DELETE FROM ${schema}.saga_commands WHERE decided_at < clock_timestamp() - interval '${KEPT}'`);
    },
  };
}
