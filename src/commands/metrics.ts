/** The relay's metrics of Kafka's commands. */
import { countCommands } from './counts.js';
import { sampleOf, metric } from '../platform/observability/prometheus-text.js';
import type { Measured } from '../relay/metrics.js';

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
