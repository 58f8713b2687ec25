/** How many transactions a database has committed: outside of `BEGIN` each statement is one. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

/** Sessions report what they did at most once a second, and when they are idle. */
const REPORTED_AFTER_MS = 1_500;

export async function commitsOf(url: string): Promise<number> {
  await pause(REPORTED_AFTER_MS);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ commits: string }>(
    'SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()',
  );
  await client.end();
  return Number(rows[0]?.commits);
}
