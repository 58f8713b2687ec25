import { DatabaseError } from 'pg';

/**
 * PostgreSQL is away or busy, and the same statement may succeed later. Every other refusal of PostgreSQL is a fault
 * of ours.
 */
export class DatabaseTrouble extends Error {
  override readonly name = 'DatabaseTrouble';

  constructor(
    readonly reason: string,
    /** The transaction may be run again at once: it was rolled back, or its repetition changes nothing. */
    readonly worthRepeating: boolean,
  ) {
    super(`PostgreSQL: ${reason}`);
  }
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** Codes and whole classes of codes that stand for a passing condition. */
const PASSING = [
  '08', // connection exceptions
  '25006', // read-only: a standby after a failover
  '25P03', // idle in transaction for too long
  '28', // the login role is (not yet) known
  '3D', // the database is (not yet) there
  '40', // rolled back: serialization, deadlock
  '53', // no memory, disk or connections left
  '55P03', // lock not available within lock_timeout
  '57', // shutdown, crash, statement_timeout
  '58', // the operating system under it
];

/** Classifies a failed query: `DatabaseTrouble` if it passes by itself, else the error as it was. */
export function asTrouble(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) {
    // PostgreSQL gave no answer: the socket was lost, or the driver's time-out has passed.
    const reason = reasonOf(error);
    return error instanceof DatabaseTrouble ? error : new DatabaseTrouble(reason, !/timeout/i.test(reason));
  }
  const code = error.code ?? '';
  if (!PASSING.some((prefix) => code.startsWith(prefix))) return error;
  return new DatabaseTrouble(code, [SERIALIZATION_FAILURE, DEADLOCK_DETECTED, '57P01', '57P02'].includes(code));
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return 'connection lost';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * An error for the log: only names and codes, and the place in the code. PostgreSQL puts whole rows into `detail` and
 * values into `message`, hence into the first lines of the stack, and these are addresses and tokens (rule 33).
 */
export function loggableError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const fields = error instanceof DatabaseError ? { constraint: error.constraint, table: error.table } : {};
  const code = 'code' in error ? { code: error.code } : {};
  const safeMessage = error instanceof DatabaseTrouble ? { message: error.message } : {};
  return { type: error.name, ...code, ...fields, ...safeMessage, stack: frames.slice(0, 10).join('\n') };
}
