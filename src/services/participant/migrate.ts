/**
 * Makes a service's schema, role and tables in PostgreSQL. It is safe to run from several processes at once, and
 * again at every start.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PG_MIGRATE_LOCK_ID, runner, type MigrationBuilder } from 'node-pg-migrate';
import { Client, DatabaseError } from 'pg';
import type { Logger } from 'pino';
import { settleSession } from './session.js';

const IDENTIFIER = /^[a-z_][a-z0-9_]{0,54}$/;

/**
 * The ledger comes first, then the service's own tables. Names of migrations never change, because PostgreSQL
 * remembers them by name.
 */
interface Migrations {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly schemaFile: URL;
  readonly laterFiles?: readonly URL[];
  readonly logger: Logger;
  /** How long another process may hold the lock for migrating. */
  readonly waitMs?: number | undefined;
}

const WAIT_MS = 30_000;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';

export const roleOf = (schema: string): string => `unwind_${schema}`;

export async function migrate(options: Migrations): Promise<void> {
  const { databaseUrl, schema, waitMs = WAIT_MS } = options;
  if (!IDENTIFIER.test(schema)) throw new Error(`"${schema}" is not a schema name: use a-z, 0-9 and _, at most 55.`);
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    application_name: `${roleOf(schema)}_migration`,
  });
  client.on('error', () => undefined); // the running query rejects as well
  await client.connect();
  try {
    // Roles and schemas have no IF NOT EXISTS that is safe in a race. node-pg-migrate takes the same lock once more.
    await settleSession(client, { timeouts: { lock: waitMs } });
    await takeLock(client, schema, waitMs);
    await createRole(client, roleOf(schema));
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await runMigrations(client, options);
    await grant(client, schema);
  } finally {
    await client.end();
  }
}

/**
 * Waits in the server's queue; the session's `lock_timeout` is the bound.
 * @throws Error that names the session that holds the lock
 */
async function takeLock(client: Client, schema: string, waitMs: number): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID]);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE)) throw error;
    throw new Error(
      `For ${waitMs / 1000} s another process has held the lock for migrating ${schema}: ${await holderOf(client)}.`,
      { cause: error },
    );
  }
}

/** Names the session that holds the lock, for the error's sentence. */
async function holderOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; application: string; since: Date | null }>(
    `SELECT pid, application_name AS application, state_change AS since FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = $1
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [PG_MIGRATE_LOCK_ID],
  );
  const [holder] = rows;
  if (!holder) return 'it has let go just now; start again';
  const { pid, application, since } = holder;
  return `pid ${pid}, application "${application}", since ${since?.toISOString() ?? 'unknown'}. If it hangs, end it with SELECT pg_terminate_backend(${pid})`;
}

async function createRole(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ member: boolean }>(
    `SELECT pg_has_role(current_user, oid, 'MEMBER') AS member FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (rows[0]?.member === true) return;
  if (rows.length > 0) {
    await client.query(`GRANT "${role}" TO CURRENT_USER`);
    return;
  }
  try {
    // Two statements in one message are one transaction, so a role that exists has its grant as well.
    await client.query(`CREATE ROLE "${role}" NOLOGIN; GRANT "${role}" TO CURRENT_USER`);
  } catch (error) {
    // Roles belong to the whole server, but the lock only to this database: the start of another database may have
    // created the role first.
    if (!(error instanceof DatabaseError && ['42710', '23505'].includes(error.code ?? ''))) throw error;
    await client.query(`GRANT "${role}" TO CURRENT_USER`);
  }
}

async function runMigrations(
  client: Client,
  { schema, schemaFile, laterFiles = [], logger }: Migrations,
): Promise<void> {
  const ledger = new URL('./ledger.sql', import.meta.url);
  const files = [
    { id: '1_ledger', path: fileURLToPath(ledger) },
    { id: '2_schema', path: fileURLToPath(schemaFile) },
    ...laterFiles.map((file, index) => ({
      id: `${index + 3}_${basename(file.pathname, '.sql')}`,
      path: fileURLToPath(file),
    })),
  ];
  const units = await Promise.all(
    files.map(async ({ id, path }) => {
      const sql = await readFile(path, 'utf8');
      return {
        id,
        filePaths: [path],
        actions: { up: (pgm: MigrationBuilder) => pgm.sql(sql), down: false as const },
      };
    }),
  );
  await runner({
    dbClient: client,
    schema,
    migrationsTable: 'migrations',
    direction: 'up',
    advisoryLockMode: 'wait',
    singleTransaction: true,
    // Our files are named by their content, not by number: the loader gives them their order.
    dir: fileURLToPath(new URL('.', import.meta.url)),
    ignorePattern: `(?!${basename(fileURLToPath(ledger))}$).*`,
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader: async () => units }],
    log: (message) => logger.debug(message),
  });
}

/** The serving role owns nothing and has no DELETE, so that no fault in the code can hard-delete a row. */
async function grant(client: Client, schema: string): Promise<void> {
  const role = roleOf(schema);
  await client.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
  await client.query(`GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`);
  await client.query(`REVOKE ALL ON "${schema}".migrations FROM "${role}"`);
}
