import { fileURLToPath } from 'node:url';
import { migrate } from '../../platform/database/migrate.js';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

/** Any constant that no other kind of schema uses. */
const LOCK = 7_241_865_325_824_002n;

/**
 * Brings the schema up to date.
 * @throws the errors of `migrate`
 */
export const migrateJournal = (databaseUrl: string, schema: string, waitMs?: number): Promise<void> =>
  migrate({ databaseUrl, schema, folder: MIGRATIONS, lock: LOCK, waitMs });
