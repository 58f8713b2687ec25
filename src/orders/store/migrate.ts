import { fileURLToPath } from 'node:url';
import { migrate } from '../../platform/database/migrate.js';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

/** Any constant will do, if no other kind of schema waits for the same one. */
const LOCK = 7_241_865_325_824_001n;

/** Brings the schema up to date. Throws what `migrate` throws. */
export const migrateOrders = (databaseUrl: string, schema: string, waitMs?: number): Promise<void> =>
  migrate({ databaseUrl, schema, folder: MIGRATIONS, lock: LOCK, waitMs, patienceMs: 10_000 });
