/** Checks that PostgreSQL accepts writes. Reads do not show a full disk, a standby or missing rights. */
import { DatabaseError, type Pool } from 'pg';
import { OrdersUnavailableError, orUnavailable } from './unavailable.js';

/** The server or the role has a smaller limit for temporary files than ours, which says nothing about the disk. */
const LIMIT_EXCEEDED = '53400';

const LOCK_TIMEOUT_MS = 500;

/**
 * An update of one row finds space in its own page and in the current segment of the log, so it succeeds on a full
 * disk for a while. A megabyte that is sorted on the server's disk does not, and leaves nothing behind: no row, no
 * log.
 */
const ROOM = `SET LOCAL work_mem = 64; SET LOCAL temp_tablespaces = '';
  SELECT sum(length(block)) FROM (
    SELECT repeat('x', 8192) AS block FROM generate_series(1, 128) AS number ORDER BY number OFFSET 0
  ) AS sorted`;

const write = (schema: string): string => `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
  INSERT INTO ${schema}.write_probe (at) VALUES (now()) ON CONFLICT (id) DO UPDATE SET at = excluded.at`;

/**
 * One round trip, one transaction that is committed.
 * @throws the error that prevents the write
 */
export async function probeWrites(pool: Pool, schema: string): Promise<void> {
  try {
    await orUnavailable(() => pool.query(`${ROOM}; ${write(schema)}`));
  } catch (error) {
    if (stateOf(error) !== LIMIT_EXCEEDED) throw error;
    await orUnavailable(() => pool.query(write(schema)));
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const REASONS: Readonly<Record<string, string>> = {
  '25006': 'it is read-only, as a standby is',
  '42501': 'the role of DATABASE_URL has no right to',
  '53100': 'its disk is full',
  '55P03': 'the row that is written is locked',
  '57014': 'a small write takes too long',
};

/** The reason for a failure of `probeWrites`, as a sentence for operators, without values or addresses. */
export function reasonAgainstWrites(error: unknown): string {
  const state = stateOf(error);
  if (state === undefined) return 'PostgreSQL takes no writes: a small one got no answer.';
  return `PostgreSQL takes no writes: ${REASONS[state] ?? 'it refuses a small one'} (SQLSTATE ${state}).`;
}

function stateOf(error: unknown): string | undefined {
  const cause = error instanceof OrdersUnavailableError ? error.cause : error;
  return cause instanceof DatabaseError ? cause.code : undefined;
}
