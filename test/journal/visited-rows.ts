/** How many rows a statement looks at, by PostgreSQL's own account: a bound on them is a bound on its cost. */
import type { ClientBase, Pool, QueryResult } from 'pg';

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

const IS_NO_QUERY = /^\s*(BEGIN|COMMIT|ROLLBACK)/;

/** A pool that counts the rows that its statements visit while it passes them on, also those of its clients. */
export function countingPool(pool: Pool) {
  let rows = 0;
  /** What it changes while it is explained is taken back. */
  async function explain(client: ClientBase, text: string, values: unknown[]): Promise<void> {
    await client.query('SAVEPOINT explained');
    const explained = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    );
    await client.query('ROLLBACK TO SAVEPOINT explained');
    for (const each of explained.rows) rows += visited(each['QUERY PLAN'][0].Plan);
  }
  const query = async (text: string, values: unknown[] = []): Promise<QueryResult> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await explain(client, text, values);
      await client.query('ROLLBACK');
    } finally {
      client.release();
    }
    return pool.query(text, values);
  };
  const connect = async () => {
    const client = await pool.connect();
    return {
      release: () => client.release(),
      query: async (text: string, values: unknown[] = []): Promise<QueryResult> => {
        if (!IS_NO_QUERY.test(text)) await explain(client, text, values);
        return client.query(text, values);
      },
    };
  };
  return { pool: { query, connect } as unknown as Pool, rows: () => rows };
}
