/** How many rows a statement looks at, by PostgreSQL's own account: a bound on them is a bound on its cost. */
import type { Pool, QueryResult } from 'pg';

interface Node {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Node[];
  readonly [measure: string]: unknown;
}

/** Of scans alone: found, and looked at in vain. */
function visited(node: Node): number {
  const below = (node.Plans ?? []).reduce((sum, child) => sum + visited(child), 0);
  const isScan = node['Node Type'].endsWith('Scan') && node['Node Type'] !== 'Subquery Scan';
  const inVain = Object.entries(node).flatMap(([name, value]) =>
    name.startsWith('Rows Removed by') && typeof value === 'number' ? [value] : [],
  );
  const rows = (isScan ? node['Actual Rows'] : 0) + inVain.reduce((sum, each) => sum + each, 0);
  return below + rows * node['Actual Loops'];
}

/** A pool that counts the rows that its statements visit while it passes them on. */
export function countingPool(pool: Pool) {
  let rows = 0;
  const query = async (text: string, values: unknown[]): Promise<QueryResult> => {
    const explained = await pool.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    );
    for (const each of explained.rows) rows += visited(each['QUERY PLAN'][0].Plan);
    return pool.query(text, values);
  };
  return { pool: { query } as unknown as Pick<Pool, 'query'>, rows: () => rows };
}
