/** The tests' PostgreSQL: one server for all, a schema for each test file. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { environmentOf } from './environment.js';

export function databaseUrl(): string {
  return environmentOf('TEST_DATABASE_URL');
}

/** A schema name that nobody else uses, such as `payment_3f9c21ab`. */
export function freshSchema(prefix: string): string {
  return `${prefix}_${randomBytes(4).toString('hex')}`;
}

export interface OwnDatabase {
  readonly url: string;
  /** Drops it, with the sessions that are still open in it. */
  drop(): Promise<void>;
}

/** A database of its own: for commands that read the schema `journal`, and for advisory locks, which are per database. */
export async function createDatabase(prefix: string): Promise<OwnDatabase> {
  const name = freshSchema(prefix);
  const url = new URL(databaseUrl());
  url.pathname = `/${name}`;
  const administer = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: databaseUrl() });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await administer(`CREATE DATABASE ${name}`);
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}
