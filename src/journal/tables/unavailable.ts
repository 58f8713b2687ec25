import { types } from 'node:util';
import { DatabaseError } from 'pg';

/** The journal's PostgreSQL cannot be reached, or turns connections away: repeat it later. */
export class JournalUnavailableError extends Error {
  override readonly name = 'JournalUnavailableError';

  constructor(cause: unknown) {
    super('The journal is not available', { cause });
  }
}

/**
 * SQLSTATEs of a server that is away, going away, full or demoted:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const AWAY = /^(08...|53...|57P..|57014|25006)$/;

/** The driver reports a lost connection as a plain Error, a Node system error or an AggregateError of those. */
const OF_THE_DRIVER: ReadonlySet<string> = new Set(['Error', 'AggregateError']);

/** Runs a query and turns the loss of the connection, and only that, into a `JournalUnavailableError`. */
export async function orUnavailable<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw isConnectionLoss(error) ? new JournalUnavailableError(error) : error;
  }
}

export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) return AWAY.test(error.code ?? '');
  return types.isNativeError(error) && OF_THE_DRIVER.has(error.name);
}
