/** The relay's metrics in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats */
import type { RequestListener } from 'node:http';
import type { Pool } from 'pg';
import type { CommandReader } from '../commands/reader.js';
import { readLag } from '../journal/relay-lag.js';
import type { Relay } from '../journal/relay.js';

export interface Measured {
  readonly pool: Pool;
  readonly schema: string;
  readonly relays: readonly Relay[];
  readonly commands: CommandReader | undefined;
  /** Commands by what became of them. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** What it cannot learn because the journal is away is left out; `unwind_sink_up` says so. */
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

async function measure({ pool, schema, relays, commands, outcomes }: Measured): Promise<string> {
  const sinks = await Promise.all(
    relays.map(async (relay) => ({
      name: relay.sink.name,
      state: relay.state(),
      lag: await readLag(pool, schema, relay.sink.name).catch(() => undefined),
    })),
  );
  const known = sinks.flatMap(({ name, lag }) => (lag ? [{ name, lag }] : []));
  const perSink = (values: readonly (readonly [string, number])[]): string[] =>
    values.map(([name, value]) => `{sink="${name}"} ${value}`);
  return [
    ...metric(
      'unwind_sink_up',
      'gauge',
      '1 while this relay feeds the sink, or another one does',
      perSink(sinks.map(({ name, state }) => [name, state === 'away' ? 0 : 1])),
    ),
    ...metric(
      'unwind_sink_lag_events',
      'gauge',
      'Confirmed events that the sink does not have yet',
      perSink(known.map(({ name, lag }) => [name, lag.events])),
    ),
    ...metric(
      'unwind_sink_lag_seconds',
      'gauge',
      'Age of the oldest of them',
      perSink(known.map(({ name, lag }) => [name, lag.seconds])),
    ),
    ...metric(
      'unwind_sink_blocked_sagas',
      'gauge',
      'Sagas that wait behind an event that the sink rejects',
      perSink(known.map(({ name, lag }) => [name, lag.blockedSagas])),
    ),
    ...(commands
      ? [
          ...metric('unwind_commands_up', 'gauge', '1 while saga-commands is read', [
            ` ${commands.state() === 'reading' ? 1 : 0}`,
          ]),
          ...metric(
            'unwind_commands_total',
            'counter',
            'Commands since the start, by what became of them',
            Array.from(outcomes, ([outcome, times]) => `{outcome="${outcome}"} ${times}`),
          ),
        ]
      : []),
    '',
  ].join('\n');
}

const metric = (name: string, type: string, help: string, samples: readonly string[]): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...samples.map((sample) => `${name}${sample}`),
];
