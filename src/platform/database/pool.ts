/** A pool whose size bounds the sessions that this process takes from the server. */
import type { Pool } from 'pg';
import { openPool } from './session.js';

export interface BoundedPoolOptions {
  readonly databaseUrl: string;
  /** The name in `pg_stat_activity`, unless the URL has another. */
  readonly applicationName: string;
  /** The most sessions, including those of statements whose caller has given up. */
  readonly size: number;
  /** How long a caller waits for a session, and for the answer of a statement. The server gives up earlier. */
  readonly patienceMs: number;
  /** Called for each session that breaks while it is idle; the pool replaces it. */
  readonly onConnectionLoss?: ((error: Error) => void) | undefined;
}

/**
 * The server ends a statement so much earlier than its caller, so that a caller that gives up leaves nothing running.
 */
const HEAD_START_MS = 200;

/**
 * Opens the pool. The driver's own time-out ends the wait and drops the session, but the server goes on with the
 * statement. Behind a locked table each repeat would then take one more session, so the server has a time-out as
 * well. It covers waits for locks, so `lock_timeout` would add nothing.
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
