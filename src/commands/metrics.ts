/** The relay's metrics of Kafka's commands. */
import { sampleOf, metric } from '../platform/observability/prometheus-text.js';
import type { Commands } from './open.js';
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

interface Measured {
  readonly pool: Pick<Pool, 'query'>;
  readonly schema: string;
  /** Undefined until they are opened. */
  readonly commands: Commands | undefined;
  /** Commands by their outcomes. */
  readonly outcomes: ReadonlyMap<string, number>;
}

const gauge = (name: string, help: string, value: number): string[] =>
  metric(`unwind_commands_${name}`, 'gauge', help, [sampleOf({}, value)]);

/** Without the journal's figures while it is away, which `unwind_commands_counted` shows. */
export async function commandMetrics({ pool, schema, commands, outcomes }: Measured): Promise<string[]> {
  if (!commands) return [];
  const counts = await countCommands(pool, schema).catch(() => undefined);
  return [
    ...gauge('up', '1 while saga-commands is read', commands.reader.state() === 'reading' ? 1 : 0),
    ...metric(
      'unwind_commands_total',
      'counter',
      'Commands since the start, by what became of them',
      Array.from(outcomes, ([outcome, times]) => sampleOf({ outcome }, times)),
    ),
    ...gauge('waiting_for_all', '1 while every command waits for something that is away', commands.outage() ? 1 : 0),
    ...gauge('counted', '1 if the journal could be asked for the figures of commands', counts ? 1 : 0),
    ...(counts
      ? [
          ...gauge('undecided', 'Commands that are taken in and not decided, up to 10000', counts.undecided),
          ...gauge('oldest_undecided_seconds', 'Age of the oldest of them', counts.oldestUndecided),
          ...gauge('parked_sagas', 'Sagas whose first command cannot be decided', counts.parked),
          ...gauge('resting_sagas', 'Those of them that wait for an operator', counts.resting),
          ...gauge('oldest_parked_seconds', 'Age of the oldest parked command', counts.oldestParked),
          ...gauge('unpublished', 'Refusals that are not on their topics yet', counts.unpublished),
          ...gauge('oldest_unpublished_seconds', 'Age of the oldest of them', counts.oldestUnpublished),
        ]
      : []),
  ];
}
