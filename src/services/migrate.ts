/**
 * Makes a service's home in PostgreSQL: its schema, its role, its tables. Safe to run from several processes at once,
 * and again at every start.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PG_MIGRATE_LOCK_ID, runner, type MigrationBuilder } from 'node-pg-migrate';
import { Client, DatabaseError } from 'pg';
import type { Logger } from 'pino';
import { settleSession } from './session.js';

const IDENTIFIER = /^[a-z_][a-z0-9_]{0,54}$/;

/** The ledger comes first, then the service's own tables. Names are for ever: PostgreSQL remembers what has run by them. */
interface Migrations {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly schemaFile: URL;
  readonly logger: Logger;
}

export const roleOf = (schema: string): string => `unwind_${schema}`;

export async function migrate(options: Migrations): Promise<void> {
  const { databaseUrl, schema } = options;
  if (!IDENTIFIER.test(schema)) throw new Error(`"${schema}" is not a schema name: use a-z, 0-9 and _, at most 55.`);
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    application_name: `${roleOf(schema)}_migration`,
  });
  client.on('error', () => undefined); // the running query rejects as well
  await client.connect();
  try {
    // Roles and schemas have no IF NOT EXISTS that is safe in a race; node-pg-migrate takes the same lock once more.
    await settleSession(client, { timeouts: { lock: 60_000 } });
    await client.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID]);
    await createRole(client, roleOf(schema));
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await runMigrations(client, options);
    await grant(client, schema);
  } finally {
    await client.end();
  }
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
    // Two statements in one message are one transaction: a role that is there is granted, too.
    await client.query(`CREATE ROLE "${role}" NOLOGIN; GRANT "${role}" TO CURRENT_USER`);
  } catch (error) {
    // Roles belong to the whole server, the lock only to this database: another database's start may have won.
    if (!(error instanceof DatabaseError && ['42710', '23505'].includes(error.code ?? ''))) throw error;
    await client.query(`GRANT "${role}" TO CURRENT_USER`);
  }
}

async function runMigrations(client: Client, { schema, schemaFile, logger }: Migrations): Promise<void> {
  const ledger = new URL('./ledger.sql', import.meta.url);
  const files = [
    { id: '1_ledger', path: fileURLToPath(ledger) },
    { id: '2_schema', path: fileURLToPath(schemaFile) },
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
    // Our files are named by what they hold, not by number: the loader gives them their order.
    dir: fileURLToPath(new URL('.', import.meta.url)),
    ignorePattern: `(?!${basename(fileURLToPath(ledger))}$).*`,
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader: async () => units }],
    log: (message) => logger.debug(message),
  });
}

/** The serving role owns nothing and has no DELETE: "nothing is hard-deleted" holds whatever the code says. */
async function grant(client: Client, schema: string): Promise<void> {
  const role = roleOf(schema);
  await client.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
  await client.query(`GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`);
  await client.query(`REVOKE ALL ON "${schema}".migrations FROM "${role}"`);
}
