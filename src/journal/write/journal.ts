/** Opens the journal: the audit stream and the read model of all sagas, in a PostgreSQL schema of their own. */
import type { Pool } from 'pg';
import { openBoundedPool } from '../../platform/database/pool.js';
import { createAppend, type Appended, type AskRun } from './append.js';
import type { Batch } from './batch.js';
import { migrateJournal } from '../tables/migrate.js';
import { openOnSearchPath } from '../tables/search-path.js';
import { orUnavailable } from '../tables/unavailable.js';
import { withTimeLimit } from '../../platform/time-limit.js';

export const JOURNAL_SCHEMA = 'journal';

/** A longer wait for a connection or an answer counts as an outage. */
const PATIENCE_MS = 1_500;

export interface JournalPoolOptions {
  readonly databaseUrl: string;
  readonly schema?: string;
  readonly poolSize?: number;
  /** How long a caller waits for a session, and for an answer; 1.5 s unless set. */
  readonly patienceMs?: number | undefined;
  /** How long another process may hold the lock for migrating the schema. */
  readonly migrationWaitMs?: number | undefined;
  /** Called for each pooled connection that breaks while it is idle; the pool replaces it. */
  readonly onConnectionLoss?: (error: Error) => void;
}

export interface JournalOptions extends JournalPoolOptions {
  readonly askRun: AskRun;
  /** Also puts the schema on the search path of the database's role, so that `SELECT * FROM sagas` works. */
  readonly onSearchPath?: boolean;
}

/** Every method throws `JournalUnavailableError` while its database is away. */
export interface Journal {
  append(batch: Batch): Promise<Appended>;
  /** Brings the schema up to date, once; `append` does it if it was not done before. @throws the errors of `migrate` */
  prepare(): Promise<void>;
  close(): Promise<void>;
}

export const journalPool = ({
  databaseUrl,
  poolSize = 10,
  patienceMs = PATIENCE_MS,
  onConnectionLoss,
}: JournalPoolOptions): Pool =>
  openBoundedPool({
    databaseUrl,
    applicationName: 'unwind-journal',
    size: poolSize,
    patienceMs,
    onConnectionLoss,
  });

/**
 * Opens the journal, even if its database is away: the orders go on, and the schema is made when the database is
 * back.
 */
export function openJournal(options: JournalOptions): Journal {
  const { databaseUrl, schema = JOURNAL_SCHEMA, askRun, onSearchPath = false, migrationWaitMs } = options;
  const pool = journalPool(options);
  const append = createAppend(pool, schema, askRun);
  const prepare = once(async () => {
    await migrateJournal(databaseUrl, schema, migrationWaitMs);
    if (onSearchPath) await openOnSearchPath(pool, schema);
  });
  return {
    append: (batch) =>
      orUnavailable(async () => {
        await soon(prepare());
        return append(batch);
      }),
    prepare: () => orUnavailable(prepare),
    close: () => pool.end(),
  };
}

/**
 * Waits for the schema no longer than for an answer, because another process may be migrating it for a while.
 *
 * @throws a plain Error, as the driver does, which counts as an outage
 */
export const soon = (prepared: Promise<void>): Promise<void> => withTimeLimit(prepared, { ms: PATIENCE_MS });

/** Repeats `act` at each call until it has succeeded; after that a call costs nothing. */
export function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= act().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
