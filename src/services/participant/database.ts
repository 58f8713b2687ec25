import { Pool, types, type CustomTypesConfig, type QueryResultRow } from 'pg';
import type { Logger } from 'pino';
import { asTrouble, DatabaseTrouble, loggableError } from './database-errors.js';
import { migrate, roleOf } from './migrate.js';
import { settleSession } from './session.js';

/** Runs one statement and answers its rows; `bigint` columns arrive as numbers. */
export type Sql = <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

export interface Database {
  /** One statement in a transaction of its own. */
  readonly query: Sql;
  /**
   * Commits the writes of `work`, or nothing if it throws. `work` may run again after a deadlock or a lost
   * connection. So it must do nothing but SQL, and must be right even if its first run was committed after all.
   */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly schemaFile: URL;
  readonly laterFiles?: readonly URL[];
  readonly logger: Logger;
  /** How long another process may hold the lock for migrating; 30 s unless set. */
  readonly migrationWaitMs?: number | undefined;
}

const MAX_ATTEMPTS = 4;

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  await migrate({ ...options, waitMs: options.migrationWaitMs });
  return overPool(createPool(options));
}

const TIMEOUTS = { statement: 8_000, lock: 5_000, idleInTransaction: 10_000 };

function createPool({ databaseUrl, schema, logger }: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: roleOf(schema),
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    query_timeout: 10_000,
    keepAlive: true,
    types: numbersForBigints,
    // A session that cannot be settled is not handed out.
    onConnect: (client) => settleSession(client, { role: roleOf(schema), schema, timeouts: TIMEOUTS }),
  });
  // Without these listeners a restart of PostgreSQL would end the process, because an 'error' event without a
  // listener throws. The pool listens for its idle sessions only, so the busy ones need their own.
  pool.on('error', (error) => logger.warn({ err: loggableError(error) }, 'an idle database session was lost'));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

const numbersForBigints: CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? parseSafeInteger : types.getTypeParser(oid, format)),
};

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('bigint beyond the safe integers');
  return value;
}

function overPool(pool: Pool): Database {
  return {
    query: (text, values) => repeating(() => session(pool, (sql) => sql(text, values))),
    transaction: (work) =>
      repeating(() =>
        session(pool, async (sql) => {
          await sql('BEGIN');
          try {
            const result = await work(sql);
            await sql('COMMIT');
            return result;
          } catch (error) {
            // After trouble the session is ended, and its transaction with it.
            if (!(error instanceof DatabaseTrouble)) await sql('ROLLBACK');
            throw error;
          }
        }),
      ),
    close: () => pool.end(),
  };
}

/** Lends a session to `work`. After trouble the session is not given back, because its state is not known. */
async function session<T>(pool: Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    // Not worth repeating: the pool has waited for `connectionTimeoutMillis` already, or no server listens there.
    throw new DatabaseTrouble(troubleReason(error), false);
  });
  let broken = false;
  try {
    return await work(async <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => {
      try {
        const result = await client.query<Row>(text, values === undefined ? undefined : [...values]);
        return result.rows;
      } catch (error) {
        const trouble = asTrouble(error);
        broken ||= trouble instanceof DatabaseTrouble;
        throw trouble;
      }
    });
  } finally {
    client.release(broken);
  }
}

function troubleReason(error: unknown): string {
  const trouble = asTrouble(error);
  return trouble instanceof DatabaseTrouble ? trouble.reason : 'no session';
}

async function repeating<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DatabaseTrouble && error.worthRepeating) || attempt >= MAX_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
