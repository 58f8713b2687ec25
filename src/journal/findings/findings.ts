/** The reconciler's findings: sagas that were left behind, in the table `findings`. */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { cursorOf, markOf } from '../read/page-cursor.js';
import { InvalidCursorError } from '../read/reader.js';
import type { Finding, FindingHolds, Findings } from './finding.js';
import { orUnavailable } from '../tables/unavailable.js';

interface Row {
  readonly id: string;
  readonly saga_id: string;
  readonly saga_type: string | null;
  readonly state: string | null;
  readonly cause: string;
  readonly since: Date;
  readonly found_at: Date;
  readonly seen_at: Date;
  readonly holds: FindingHolds;
  readonly mark: string;
}

const findingOf = (row: Row): Finding => ({
  sagaId: row.saga_id,
  sagaType: row.saga_type,
  state: row.state,
  cause: row.cause,
  since: row.since.toISOString(),
  foundAt: row.found_at.toISOString(),
  seenAt: row.seen_at.toISOString(),
  holds: row.holds,
});

export function openFindings(pool: Pool, schemaName: string): Findings {
  const schema = escapeIdentifier(schemaName);
  return {
    list: ({ cursor, limit }) =>
      orUnavailable(async () => {
        const after = markOf(cursor);
        if (after && !/^\d{1,18}$/.test(after.id)) throw new InvalidCursorError('This cursor comes from no list');
        const { rows } = await pool.query<Row>(
          `SELECT *, found_at::text AS mark FROM ${schema}.findings WHERE closed_at IS NULL
           ${after ? 'AND (found_at, id) > ($2, $3::bigint)' : ''} ORDER BY found_at, id LIMIT $1`,
          [limit + 1, ...(after ? [after.time, after.id] : [])],
        );
        const last = rows.length > limit ? rows[limit - 1] : undefined;
        return {
          items: rows.slice(0, limit).map(findingOf),
          next: last ? cursorOf({ time: last.mark, id: last.id }) : null,
        };
      }),
    async alone(sagaId, act) {
      const client = await orUnavailable(() => pool.connect());
      let isSound = false;
      try {
        await orUnavailable(async () => {
          await client.query('BEGIN');
          await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('repair ' || $1, 0))`, [sagaId]);
        });
        try {
          return await act();
        } finally {
          await client.query('ROLLBACK').then(
            () => (isSound = true),
            () => undefined,
          );
        }
      } finally {
        client.release(!isSound);
      }
    },
  };
}

/** Opens a finding, or brings the open one of its saga up to date; `schema` is an escaped name. True if it is new. */
export async function storeFinding(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  { sagaId, sagaType, state, cause, since, holds }: Omit<Finding, 'foundAt' | 'seenAt'>,
): Promise<boolean> {
  const { rows } = await client.query<{ is_new: boolean }>(
    `INSERT INTO ${schema}.findings AS known (saga_id, saga_type, state, cause, since, holds) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (saga_id) WHERE closed_at IS NULL DO UPDATE SET saga_type = EXCLUDED.saga_type, state = EXCLUDED.state,
       cause = EXCLUDED.cause, holds = EXCLUDED.holds, seen_at = clock_timestamp()
     RETURNING xmax = 0 AS is_new`,
    [sagaId, sagaType, state, cause, since, JSON.stringify(holds)],
  );
  return rows[0]?.is_new ?? false;
}

/** Closes the open finding of a saga, because it is gone. True if there was one. */
export async function closeFinding(
  client: Pick<PoolClient, 'query'>,
  schema: string,
  sagaId: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE ${schema}.findings SET closed_at = clock_timestamp(), seen_at = clock_timestamp()
     WHERE saga_id = $1 AND closed_at IS NULL`,
    [sagaId],
  );
  return rowCount === 1;
}
