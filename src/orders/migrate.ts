import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { withClient } from '../database/session.js';

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any constant will do, as long as nobody else's migrations wait for the same one. */
const LOCK = 7_241_865_325_824_001;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Brings the schema up to date. Processes that start together wait for one another (an advisory lock). */
export async function migrateOrders(databaseUrl: string, schema: string): Promise<void> {
  await withClient({ connectionString: databaseUrl }, (dbClient) =>
    runner({
      dbClient,
      dir: MIGRATIONS,
      direction: 'up',
      schema,
      createSchema: true,
      migrationsTable: 'migrations',
      advisoryLockMode: 'wait',
      lockValue: LOCK,
      logger: silent,
    }),
  );
}
