import { types } from 'node:util';
import { DatabaseError } from 'pg';

/** PostgreSQL is away or refuses connections. The request may be right, and can be repeated later. */
export class OrdersUnavailableError extends Error {
  override readonly name = 'OrdersUnavailableError';

  constructor(cause: unknown) {
    super('The orders database is not available', { cause });
  }
}

/**
 * SQLSTATEs of a server that is away, going away, full or demoted, or that asks for a repeat (a deadlock):
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const AWAY = /^(08...|53...|57P..|57014|25006|40...)$/;

const MISTAKES: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'SyntaxError', 'ReferenceError']);

/** Runs a query and turns the loss of the connection, and only that, into an `OrdersUnavailableError`. */
export async function orUnavailable<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw isConnectionLoss(error) ? new OrdersUnavailableError(error) : error;
  }
}

function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) return AWAY.test(error.code ?? '');
  // The driver reports a lost connection as a plain Error, a Node system error or an AggregateError of those.
  return types.isNativeError(error) && !MISTAKES.has(error.name);
}
