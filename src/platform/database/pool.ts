/** A pool whose size is a bound on what this process takes of the server. */
import type { Pool } from 'pg';
import { openPool } from './session.js';

export interface BoundedPoolOptions {
  readonly databaseUrl: string;
  /** What `pg_stat_activity` shows, unless the URL names another. */
  readonly applicationName: string;
  /** The most sessions that it takes of the server, statements that no caller waits for any more included. */
  readonly size: number;
  /** How long a caller waits for a session, and for the answer of a statement. The server gives up earlier. */
  readonly patienceMs: number;
  /** Called for each session that breaks while it is idle; the pool replaces it. */
  readonly onConnectionLoss?: ((error: Error) => void) | undefined;
}

/** So much earlier than its caller the server ends a statement: a caller that gives up leaves nothing running. */
const HEAD_START_MS = 200;

/**
 * The driver's own time-out ends the wait and drops the session, while the server goes on with the statement. Behind a
 * table that is locked each repeat would then take one session more, so the server has a time-out as well. It covers
 * waits for locks, so `lock_timeout` has nothing to add.
 */
export function openBoundedPool(options: BoundedPoolOptions): Pool {
  const { databaseUrl, applicationName, size, patienceMs, onConnectionLoss } = options;
  const pool = openPool({
    connectionString: databaseUrl,
    application_name: applicationName,
    max: size,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    statement_timeout: Math.max(patienceMs - HEAD_START_MS, Math.ceil(patienceMs / 2)),
    idle_in_transaction_session_timeout: 10 * patienceMs,
    keepAlive: true,
  });
  // An error without a listener would end the process. The pool listens for its idle sessions only.
  pool.on('error', (error) => onConnectionLoss?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
