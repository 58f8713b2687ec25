/** The dead letters of a saga's steps, as rows. */
import type { PoolClient } from 'pg';
import type { Letter } from './from-events.js';

/**
 * Folds the rows of a saga from its events. An operator's note on a notification that was never delivered stays; a
 * letter whose event was superseded is closed.
 */
export async function storeLetters(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  sagaId: string,
  letters: readonly Letter[],
): Promise<void> {
  await upsertLetters(client, schema, sagaId, letters);
  await client.query(
    `UPDATE ${schema}.dead_letters SET resolution = 'superseded', resolved_at = clock_timestamp()
     WHERE saga_id = $1 AND kind IN ('blocked', 'undelivered') AND resolution IS NULL
       AND NOT (kind || ' ' || step = ANY ($2))`,
    [sagaId, letters.map(({ kind, step }) => `${kind} ${step}`)],
  );
}

/** The same for these letters alone; the others stay as they are. */
export async function upsertLetters(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  sagaId: string,
  letters: readonly Letter[],
): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.dead_letters AS letter
       (kind, saga_id, step, reason, first_at, last_at, attempts, resolution, resolved_by, resolved_reason, resolved_at)
     SELECT kind, $1, step, reason, "firstAt", "lastAt", attempts, resolution, "resolvedBy", "resolvedReason", "resolvedAt"
     FROM jsonb_to_recordset($2) AS entry (
       kind text, step text, reason text, "firstAt" timestamptz, "lastAt" timestamptz, attempts int,
       resolution text, "resolvedBy" text, "resolvedReason" text, "resolvedAt" timestamptz
     )
     ON CONFLICT (saga_id, step, kind) WHERE kind IN ('blocked', 'undelivered') DO UPDATE SET
       reason = EXCLUDED.reason, first_at = EXCLUDED.first_at, last_at = EXCLUDED.last_at,
       attempts = EXCLUDED.attempts, resolution = EXCLUDED.resolution, resolved_by = EXCLUDED.resolved_by,
       resolved_reason = EXCLUDED.resolved_reason, resolved_at = EXCLUDED.resolved_at
     WHERE letter.kind = 'blocked' OR letter.resolution = 'superseded'`,
    [sagaId, JSON.stringify(letters)],
  );
}
