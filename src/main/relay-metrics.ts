/** The relay's metrics, for Prometheus. */
import type { RequestListener } from 'node:http';
import type { Pool } from 'pg';
import type { CommandReader } from '../commands/reader.js';
import type { Relay } from '../journal/relay.js';
import { labelled, metric } from './prometheus-text.js';
import { sinkMetrics } from './sink-metrics.js';

export interface Measured {
  readonly pool: Pick<Pool, 'query'>;
  readonly schema: string;
  readonly relays: readonly Relay[];
  readonly commands: CommandReader | undefined;
  /** Commands by what became of them. */
  readonly outcomes: ReadonlyMap<string, number>;
}

export function metricsApp(measured: Measured): RequestListener {
  return (req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    measure(measured).then(
      (text) => res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => res.writeHead(500).end(),
    );
  };
}

const measure = async (measured: Measured): Promise<string> =>
  [...(await sinkMetrics(measured)), ...commandMetrics(measured), ''].join('\n');

function commandMetrics({ commands, outcomes }: Measured): string[] {
  if (!commands) return [];
  return [
    ...metric('unwind_commands_up', 'gauge', '1 while saga-commands is read', [
      labelled({}, commands.state() === 'reading' ? 1 : 0),
    ]),
    ...metric(
      'unwind_commands_total',
      'counter',
      'Commands since the start, by what became of them',
      Array.from(outcomes, ([outcome, times]) => labelled({ outcome }, times)),
    ),
  ];
}
