/** Brings one of our schemas up to date, in one process at a time. */
import { DatabaseError, escapeIdentifier, type Client } from 'pg';
import { runner } from 'node-pg-migrate';
import { withClient } from './session.js';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export interface Migration {
  readonly databaseUrl: string;
  readonly schema: string;
  /** The folder with its migrations, `NNNN_name.sql`. */
  readonly folder: string;
  /** The advisory lock for migrations of this kind of schema. */
  readonly lock: bigint;
  /** How long another process may hold that lock, and how long a statement may wait for a table. */
  readonly waitMs?: number | undefined;
  /** How long connecting to the server may take. */
  readonly patienceMs?: number | undefined;
}

/** Another process holds the migration lock; the message names it. */
export class MigrationLockedError extends Error {
  override readonly name = 'MigrationLockedError';
}

/** The schema was made by a later release that this one cannot work with. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError';
}

export const MIGRATION_WAIT_MS = 30_000;
const PATIENCE_MS = 1_500;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';
const isLockTimeout = (error: unknown): boolean => error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Applies the missing migrations. A schema that is up to date is not touched and needs no lock, so that a process
 * that hangs with the lock does not keep others from starting.
 *
 * @throws MigrationLockedError if the lock is not free within `waitMs`
 * @throws SchemaTooNewError if a later release has contracted the schema
 */
export async function migrate(migration: Migration): Promise<void> {
  const { databaseUrl, schema, folder, waitMs = MIGRATION_WAIT_MS, patienceMs = PATIENCE_MS } = migration;
  const session = {
    connectionString: databaseUrl,
    application_name: `unwind-migration-${schema}`.slice(0, 63),
    connectionTimeoutMillis: patienceMs,
    lock_timeout: waitMs,
    keepAlive: true,
  };
  await withClient(session, async (client) => {
    if (await isUpToDate(client, schema, await loadMigrationNames(folder))) return;
    await takeLock(client, migration, waitMs);
    await run(client, migration, waitMs);
  });
}

async function run(client: Client, { schema, folder }: Migration, waitMs: number): Promise<void> {
  try {
    await runner({
      dbClient: client,
      dir: folder,
      direction: 'up',
      schema,
      createSchema: true,
      migrationsTable: 'migrations',
      noLock: true,
      logger: silent,
    });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw new MigrationLockedError(
      `The schema ${schema} is not up to date, and for ${waitMs / 1000} s other sessions have held a table that its migration needs: pg_stat_activity shows them. Nothing of that migration was done.`,
      { cause: error },
    );
  }
}

/** False for a contracted schema as well, because its migrations are recognised by their names alone. */
async function isUpToDate(client: Client, schema: string, names: readonly string[]): Promise<boolean> {
  const table = `${escapeIdentifier(schema)}.migrations`;
  const { rows: found } = await client.query<{ is: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is', [table]);
  if (found[0]?.is !== true) return false;
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${table}`);
  const run = new Set(rows.map(({ name }) => name));
  const contracted = [...run].find((name) => !names.includes(name) && /^\d+_contract_/.test(name));
  if (contracted !== undefined) {
    throw new SchemaTooNewError(
      `The schema ${schema} is of a later release, whose migration ${contracted} has taken away what this one needs: start that release, or restore a backup from before it (docs/rollback.md).`,
    );
  }
  return names.every((name) => run.has(name));
}

/** Waits in the server's queue, and so in turn; the session's `lock_timeout` is the bound. */
async function takeLock(client: Client, { schema, lock }: Migration, waitMs: number): Promise<void> {
  try {
    await client.query(`SELECT pg_advisory_lock(${lock})`);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw new MigrationLockedError(
      `The schema ${schema} is not up to date, and for ${waitMs / 1000} s another process has held the lock for migrating it: ${await holderOf(client, lock)}.`,
      { cause: error },
    );
  }
}

interface Holder {
  readonly pid: number;
  readonly application: string;
  readonly address: string | null;
  readonly state: string | null;
  readonly since: Date | null;
}

/** Names the session that holds an advisory lock of this database, for an error's sentence. */
async function holderOf(client: Client, lock: bigint): Promise<string> {
  const { rows } = await client.query<Holder>(
    `SELECT pid, application_name AS application, host(client_addr) AS address, state, state_change AS since
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (classid::bigint << 32) | objid::bigint = ${lock}`,
  );
  const [holder] = rows;
  if (!holder) return 'it has let go just now; start again';
  const { pid, application, address, state, since } = holder;
  const from = address === null ? '' : ` from ${address}`;
  return `pid ${pid}, application "${application}"${from}, ${state ?? 'state unknown'} since ${since?.toISOString() ?? 'unknown'}. If it hangs, end it with SELECT pg_terminate_backend(${pid})`;
}

/** The migrations of a folder in their order, as the `migrations` table names them: without `.sql`. */
export async function loadMigrationNames(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => path.basename(file, '.sql'))
    .sort();
}
