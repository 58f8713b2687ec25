/** Tells an outage of PostgreSQL from a fault in what was asked: an outage passes, and the same is asked again later. */
import { types } from 'node:util';
import { DatabaseError } from 'pg';

/**
 * SQLSTATEs of a server that is away, going away, full or demoted, and of transactions that it has rolled back so that
 * others could go on (a deadlock): https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const AWAY = /^(08...|53...|57P..|57014|25006|40...)$/;

/**
 * The driver reports a lost connection as a plain Error, a Node system error or an AggregateError of those. An error with
 * a name of its own is ours (a schema of a later release, a cursor of no list) or a programming mistake.
 */
const OF_THE_DRIVER: ReadonlySet<string> = new Set(['Error', 'AggregateError']);

/** Whether the same query may succeed later without any change. */
export function isAway(error: unknown): boolean {
  if (error instanceof DatabaseError) return AWAY.test(error.code ?? '');
  return types.isNativeError(error) && OF_THE_DRIVER.has(error.name);
}

/** A database is away: nothing is wrong with the request, repeat it later. Each room that has one extends it. */
export class DatabaseUnavailableError extends Error {
  override readonly name: string = 'DatabaseUnavailableError';
}

/** Runs a query of one database; an outage, and only that, is thrown as `Unavailable` with the error as its cause. */
export const unavailableAs =
  (Unavailable: new (cause: unknown) => DatabaseUnavailableError) =>
  async <T>(query: () => Promise<T>): Promise<T> => {
    try {
      return await query();
    } catch (error) {
      throw isAway(error) ? new Unavailable(error) : error;
    }
  };
