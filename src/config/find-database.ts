/** Finds the database, and checks that it answers. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Config } from './config.js';
import { StartError } from '../platform/start-error.js';
import { reasonOf } from '../platform/reason.js';
import { keepSecretsOfUrl } from '../platform/secrets.js';

/** The file with the embedded server's URL, for components that are started alone beside it. It holds the password. */
export const databaseUrlFile = (dataDir: string): string => path.join(dataDir, 'database-url');

const PATIENCE = 5_000;
/** "The database system is starting up", or shutting down. */
const NOT_YET = '57P03';

async function answers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
}

/**
 * Returns when the database answers. If it is starting up, it is waited for.
 * @throws StartError with a sentence if it cannot be used
 */
export async function requireDatabase(url: string, variable = 'DATABASE_URL'): Promise<void> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      await answers(url);
      return;
    } catch (error) {
      const starting = error instanceof DatabaseError && error.code === NOT_YET;
      if (!starting || performance.now() > end) throw absence(url, variable, error);
      await sleep(200);
    }
  }
}

function absence(url: string, variable: string, error: unknown): StartError {
  const { host, pathname } = new URL(url);
  const reason = reasonOf(error);
  return new StartError(
    `The database ${host}${pathname} does not let us in (${reason}): start that PostgreSQL server, or correct ${variable}.`,
  );
}

/**
 * DATABASE_URL, else the embedded server of DATA_DIR; for a process that also starts while the database is away.
 * @throws StartError if there is neither
 */
export const databaseUrlOf = (config: Config): string => config.databaseUrl ?? embeddedUrl(config.dataDir);

/** The same of a database that answers. */
export async function findDatabase(config: Config): Promise<string> {
  const url = databaseUrlOf(config);
  await requireDatabase(url);
  return url;
}

function embeddedUrl(dataDir: string): string {
  try {
    const url = readFileSync(databaseUrlFile(dataDir), 'utf8');
    keepSecretsOfUrl(url);
    return url;
  } catch {
    throw new StartError(
      'There is no database: set DATABASE_URL, or start the embedded one with npm start or npx --no unwind start postgres.',
    );
  }
}
