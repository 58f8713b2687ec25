/**
 * A driver of background jobs as a process of its own, which a test can kill, stop (SIGSTOP) and let go on (SIGCONT). Its
 * job `measured` writes a row of `ran` when it begins, waits for as long as the table `gate` has a row, and writes its end
 * behind the fence of its lease.
 *
 *   driver-process.ts DATABASE_URL SCHEMA
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { startDriver } from '../../src/background/driver.js';
import type { Job } from '../../src/background/job.js';
import { inTransaction } from '../../src/platform/database/transaction.js';

const [databaseUrl = '', schema = ''] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, options: `-c search_path=${schema}`, max: 4 });
pool.on('error', () => undefined);

const measured: Job = {
  name: 'measured',
  pauseMs: 20,
  limitMs: 60_000,
  async run({ signal, fence }) {
    const { rows } = await pool.query('INSERT INTO ran (by) VALUES ($1) RETURNING id', [process.pid]);
    while ((await pool.query('SELECT 1 FROM gate')).rowCount !== 0) await sleep(20, undefined, { signal });
    await inTransaction(pool, async (client) => {
      await fence(client);
      await client.query('UPDATE ran SET ended_at = clock_timestamp() WHERE id = $1', [rows[0].id]);
    });
    return { measured: 1 };
  },
};

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const driver = startDriver({
  pool,
  schema,
  jobs: [measured],
  prepare: async () => undefined,
  logger: silent,
  pace: { lease: 1_500, look: 50, away: 50, grace: 300 },
});
process.on('SIGTERM', () => void driver.stop().then(() => process.exit(0)));
process.on('disconnect', () => process.exit());
