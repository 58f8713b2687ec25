/**
 * Settles PostgreSQL sessions, so that a service's statements mean the same under any settings of the server, the
 * database, the role or the URL. It uses `SET` right after connecting, because poolers such as PgBouncer refuse the
 * startup parameter `options`.
 */
import { escapeIdentifier, type ClientBase } from 'pg';

interface Session {
  /** The session runs with the rights of this role; if absent, with those of the login. */
  readonly role?: string;
  readonly schema?: string;
  /** Milliseconds; if absent, there is no time-out. */
  readonly timeouts: { readonly statement?: number; readonly lock?: number; readonly idleInTransaction?: number };
}

const SETTINGS = [
  `SET DateStyle = 'ISO, MDY'`,
  'SET IntervalStyle = postgres',
  'SET TimeZone = UTC',
  'SET bytea_output = hex',
  'SET extra_float_digits = 1',
  'SET standard_conforming_strings = on',
  'SET array_nulls = on',
  'SET transform_null_equals = off',
  `SET default_transaction_isolation = 'read committed'`,
  'SET default_transaction_read_only = off',
  'SET default_transaction_deferrable = off',
  // Since PostgreSQL 17.
  `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`,
];

/**
 * Settles a session that was just opened.
 * @throws the driver's error
 */
export async function settleSession(client: ClientBase, { role, schema, timeouts }: Session): Promise<void> {
  const { statement = 0, lock = 0, idleInTransaction = 0 } = timeouts;
  const searchPath = schema === undefined ? 'pg_catalog, pg_temp' : `${escapeIdentifier(schema)}, pg_temp`;
  const first = [
    // The time-outs come first, because those of the database could end the following statements.
    `SET statement_timeout = ${statement}`,
    `SET lock_timeout = ${lock}`,
    `SET idle_in_transaction_session_timeout = ${idleInTransaction}`,
    `SET search_path = ${searchPath}`,
    ...(role === undefined ? [] : [`SET ROLE ${escapeIdentifier(role)}`]),
  ];
  await client.query([...first, ...SETTINGS].join('; '));
}
