/** The target of the journal's commands: the journal's database and, if it answers, Temporal. */
import { Client, Connection } from '@temporalio/client';
import type { Config } from './config.js';
import { findDatabase, requireDatabase } from './find-database.js';
import { StartError } from '../platform/start-error.js';
import { temporalTarget } from '../platform/temporal/target.js';

/** A database that has answered, and how long a migration of it waits for another one. */
export interface JournalTarget {
  readonly databaseUrl: string;
  readonly migrationWaitMs: number;
}

export async function findJournal(config: Config): Promise<JournalTarget> {
  const { migrationWaitMs, journalDatabaseUrl } = config;
  if (journalDatabaseUrl === undefined) return { databaseUrl: await findDatabase(config), migrationWaitMs };
  await requireDatabase(journalDatabaseUrl, 'JOURNAL_DATABASE_URL');
  return { databaseUrl: journalDatabaseUrl, migrationWaitMs };
}

/** Throws a sentence if Temporal does not answer. With `lazily` it is asked only when it is needed. */
export async function withTemporal<T>(config: Config, act: (client: Client) => Promise<T>, lazily = false): Promise<T> {
  const { address, namespace, connection: options } = temporalTarget(config.temporalPort);
  const target = { address, ...options };
  const opening = lazily ? Promise.resolve(Connection.lazy(target)) : Connection.connect(target);
  const connection = await opening.catch((error: unknown) => {
    throw new StartError(`Temporal does not answer at ${address}: start the system with \`npm start\` first.`, {
      cause: error,
    });
  });
  try {
    return await act(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}
