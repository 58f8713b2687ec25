import { types } from 'node:util';

/** PostgreSQL's errors put values of rows into their messages, and whole rows into `detail` (rule 33). */
const isPostgres = (error: object): boolean => 'severity' in error && 'routine' in error;

const framesOf = (stack = ''): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

/** An error for the log: its named fields; for a database's error only the code and the place. */
export function describeError(error: unknown): unknown {
  if (!types.isNativeError(error)) return { message: String(error) };
  const { name, stack, cause } = error;
  const { code, table, constraint }: { code?: unknown; table?: unknown; constraint?: unknown } = Object(error);
  const because = types.isNativeError(cause) && { cause: `${cause.name}: ${messageOf(cause)}` };
  if (!isPostgres(error)) return { name, message: error.message, code, stack, ...because };
  return { name, message: messageOf(error), code, table, constraint, stack: framesOf(stack), ...because };
}

const messageOf = (error: Error): string =>
  isPostgres(error) ? `PostgreSQL ${String(Reflect.get(error, 'code'))}` : error.message;
