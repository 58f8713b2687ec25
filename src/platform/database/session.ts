/**
 * Settles PostgreSQL sessions, so that our statements mean the same under any settings of the server, the database or
 * the role. It uses `SET` right after connecting, because poolers such as PgBouncer refuse the startup parameter
 * `options`.
 */
import { Client, escapeIdentifier, Pool, type ClientBase, type ClientConfig, type PoolConfig } from 'pg';

/** Time-outs of the server itself, in milliseconds; if absent, there are none. */
interface ServerTimeouts {
  readonly statement_timeout?: number;
  readonly lock_timeout?: number;
  readonly idle_in_transaction_session_timeout?: number;
}

interface Ours extends ServerTimeouts {
  /** The schema of unqualified names; by default only PostgreSQL's own catalogue. */
  readonly schema?: string;
}

export type SessionConfig = Omit<ClientConfig, keyof ServerTimeouts> & Ours;
export type SessionPoolConfig = Omit<PoolConfig, keyof ServerTimeouts | 'onConnect'> & Ours;

/** Settings that the driver's parsers and our texts rely on, and settings that change how a statement runs. */
const SETTINGS = [
  ['DateStyle', "'ISO, MDY'"],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['bytea_output', 'hex'],
  ['xmlbinary', 'base64'],
  ['extra_float_digits', '1'],
  ['standard_conforming_strings', 'on'],
  ['array_nulls', 'on'],
  ['transform_null_equals', 'off'],
  ['default_transaction_isolation', "'read committed'"],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_deferrable', 'off'],
] as const;

/** Since PostgreSQL 17. */
const NO_TRANSACTION_TIMEOUT = `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`;

/** The time-outs come first, because those of the database could end the following statements. */
function statementsOf(ours: Ours): string {
  const { statement_timeout = 0, lock_timeout = 0, idle_in_transaction_session_timeout = 0, schema } = ours;
  const searchPath = schema === undefined ? 'pg_catalog, pg_temp' : `${escapeIdentifier(schema)}, pg_temp`;
  const all = [
    ['statement_timeout', statement_timeout],
    ['lock_timeout', lock_timeout],
    ['idle_in_transaction_session_timeout', idle_in_transaction_session_timeout],
    ['search_path', searchPath],
    ...SETTINGS,
  ] as const;
  return [...all.map(([name, value]) => `SET ${name} = ${value}`), NO_TRANSACTION_TIMEOUT].join('; ');
}

function splitConfig<Config extends Ours>({
  statement_timeout,
  lock_timeout,
  idle_in_transaction_session_timeout,
  schema,
  ...rest
}: Config) {
  const ours = { statement_timeout, lock_timeout, idle_in_transaction_session_timeout, schema };
  return { rest, apply: (client: ClientBase) => client.query(statementsOf(ours as Ours)).then(() => undefined) };
}

/** A pool whose sessions are settled before they are handed out; a session that cannot be settled is not handed out. */
export function openPool(config: SessionPoolConfig): Pool {
  const { rest, apply } = splitConfig(config);
  return new Pool({ ...rest, onConnect: apply });
}

/**
 * A connected client with the same settings. A lost connection shows at its next query.
 * @throws the driver's error
 */
export async function connectClient(config: SessionConfig): Promise<Client> {
  const { rest, apply } = splitConfig(config);
  const client = new Client(rest);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await apply(client);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Lends a client to `work`, and ends it afterwards. */
export async function withClient<T>(config: SessionConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient(config);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
