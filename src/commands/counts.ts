/**
 * The counts of waiting commands, for the metrics. Each figure is a look at the end of an index, or a count that
 * stops at a limit.
 */
import { escapeIdentifier, type Pool } from 'pg';

export interface CommandCounts {
  /** Undecided commands, up to 10,000; and the age of the oldest in seconds. */
  readonly undecided: number;
  readonly oldestUndecided: number;
  /** Sagas whose first command is parked; those of them that wait for an operator; age of the oldest in seconds. */
  readonly parked: number;
  readonly resting: number;
  readonly oldestParked: number;
  /** Refusals that are not published, and the age of the oldest. */
  readonly unpublished: number;
  readonly oldestUnpublished: number;
}

/** A higher count would be slow, and would say nothing more. */
const MOST = 10_000;

export async function countCommands(pool: Pick<Pool, 'query'>, schemaName: string): Promise<CommandCounts> {
  const schema = escapeIdentifier(schemaName);
  const count = (from: string): string =>
    `(SELECT count(*)::int FROM (SELECT FROM ${schema}.${from} LIMIT ${MOST}) AS counted)`;
  const age = (column: string, from: string): string =>
    `(SELECT COALESCE(EXTRACT(epoch FROM clock_timestamp() - min(${column})), 0)::float8 FROM ${schema}.${from})`;
  const { rows } = await pool.query<CommandCounts>(
    `SELECT ${count('queued_commands WHERE code IS NULL')} AS undecided,
       ${age('received_at', 'queued_commands WHERE code IS NULL')} AS "oldestUndecided",
       ${count('command_queues WHERE parked_at IS NOT NULL')} AS parked,
       ${count('command_queues WHERE resting_at IS NOT NULL')} AS resting,
       ${age('parked_at', 'command_queues WHERE parked_at IS NOT NULL')} AS "oldestParked",
       ${count('queued_commands WHERE code IS NOT NULL')} AS unpublished,
       ${age('received_at', 'queued_commands WHERE code IS NOT NULL')} AS "oldestUnpublished"`,
  );
  const [counts] = rows;
  if (!counts) throw new Error('PostgreSQL has counted nothing');
  return counts;
}
