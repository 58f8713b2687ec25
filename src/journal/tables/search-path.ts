/** Makes unqualified statements find the journal: `SELECT * FROM sagas WHERE state = 'COMPENSATING'`. */
import { escapeIdentifier, type Pool } from 'pg';

/** SQLSTATE of "tuple concurrently updated": another process does the same at this moment. */
const CONCURRENTLY = 'XX000';

/**
 * Adds a schema to the end of the role's search path in this database, for every later session. The schemas that are
 * there stay in front of it.
 */
export async function openOnSearchPath(pool: Pool, schema: string): Promise<void> {
  // The search path of the role, not of this session, because our own sessions set theirs themselves.
  const { rows } = await pool.query<{ db: string; role: string; path: string }>(
    `SELECT current_database() AS db, current_user AS role, reset_val AS path
     FROM pg_settings WHERE name = 'search_path'`,
  );
  const [{ db, role, path }] = rows as [(typeof rows)[number]];
  const name = escapeIdentifier(schema);
  const parts = path
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const own = role === schema && parts.includes('"$user"');
  if (own || parts.includes(name) || parts.includes(schema)) return;
  const wider = [...parts, name].join(', ');
  try {
    await pool.query(
      `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(db)} SET search_path TO ${wider}`,
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === CONCURRENTLY)) throw error;
  }
}
