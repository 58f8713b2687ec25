/** The places at which the reconciler's walks stand. */
import { escapeIdentifier, type Pool } from 'pg';

/** Empty if the walk has not begun. */
export async function placeOf(pool: Pick<Pool, 'query'>, schema: string, walk: string): Promise<string> {
  const { rows } = await pool.query<{ place: string }>(
    `SELECT place FROM ${escapeIdentifier(schema)}.reconciler_places WHERE walk = $1`,
    [walk],
  );
  return rows[0]?.place ?? '';
}
