/** Makes unqualified statements find the journal: `SELECT * FROM sagas WHERE state = 'COMPENSATING'`. */
import { escapeIdentifier, type Pool } from 'pg';

/** SQLSTATE of "tuple concurrently updated": another process does the same at this moment. */
const CONCURRENTLY = 'XX000';

/**
 * Adds a schema to the end of what the role has as its search path in this database, for every later session. What was
 * there stays in front of it.
 */
export async function openOnSearchPath(pool: Pool, schema: string): Promise<void> {
  const { rows } = await pool.query<{ db: string; role: string; path: string; on: boolean }>(
    `SELECT current_database() AS db, current_user AS role, current_setting('search_path') AS path,
       $1 = ANY (current_schemas(false)) AS on`,
    [schema],
  );
  const [{ db, role, path, on }] = rows as [(typeof rows)[number]];
  if (on) return;
  const name = escapeIdentifier(schema);
  const parts = path
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.includes(name) || parts.includes(schema)) return;
  const wider = [...parts, name].join(', ');
  try {
    await pool.query(
      `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(db)} SET search_path TO ${wider}`,
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === CONCURRENTLY)) throw error;
  }
}
