/**
 * The metrics of the sinks. A figure that cannot be read is NaN, and `unwind_sink_lag_unreadable` is 1, so that none
 * vanishes.
 */
import type { Pool } from 'pg';
import { readLag, type SinkLag } from './lag.js';
import type { Relay } from './relay.js';
import { sampleOf, metric } from '../platform/observability/prometheus-text.js';

/** A relay without progress for so long does not count as feeding its sink. */
const IDLE_SECONDS = 30;

interface Measured {
  readonly pool: Pick<Pool, 'query'>;
  readonly schema: string;
  readonly relays: readonly Relay[];
}

interface SinkFigures {
  readonly sink: string;
  readonly relay: Relay;
  /** Undefined if the journal did not answer. */
  readonly lag: SinkLag | undefined;
}

export async function sinkMetrics({ pool, schema, relays }: Measured): Promise<string[]> {
  const sinks = await Promise.all(
    relays.map(async (relay): Promise<SinkFigures> => {
      const sink = relay.sink.name;
      return { sink, relay, lag: await readLag(pool, schema, sink).catch(() => undefined) };
    }),
  );
  const gauge = (name: string, help: string, of: (figures: SinkFigures) => number): string[] =>
    metric(
      name,
      'gauge',
      help,
      sinks.map((each) => sampleOf({ sink: each.sink }, of(each))),
    );
  return [
    ...gauge('unwind_sink_up', '1 while a relay, this one or another, feeds the sink', isFed),
    ...gauge('unwind_sink_leader', '1 while this relay is the one that feeds the sink', ({ relay }) =>
      Number(relay.leads()),
    ),
    ...metric(
      'unwind_sink_lease',
      'gauge',
      'How often the lease of the sink was taken; relay is its holder',
      sinks.flatMap(({ sink, lag }) =>
        lag?.holder === undefined ? [] : [sampleOf({ sink, relay: lag.holder }, lag.generation)],
      ),
    ),
    ...gauge('unwind_sink_lag_events', 'Confirmed events that the sink does not have yet, up to 10000', ({ lag }) =>
      lag ? lag.events : NaN,
    ),
    ...gauge('unwind_sink_lag_seconds', 'Age of the oldest of them', ({ lag }) => (lag ? lag.seconds : NaN)),
    ...gauge('unwind_sink_blocked_sagas', 'Sagas that wait behind an event that the sink rejects', ({ lag }) =>
      lag ? lag.blockedSagas : NaN,
    ),
    ...gauge('unwind_sink_lag_unreadable', '1 while the journal does not say how far the sink is', ({ lag }) =>
      lag ? 0 : 1,
    ),
    ...heldMetrics(relays),
  ];
}

/** A lease alone is not enough: its holder must have made progress, and no transaction may hold it up. */
const isFed = ({ lag }: SinkFigures): number => Number(lag?.holder !== undefined && lag.idleSeconds < IDLE_SECONDS);

function heldMetrics(relays: readonly Relay[]): string[] {
  const [longest] = relays
    .map((relay) => relay.held())
    .filter((held) => held !== undefined)
    .sort((a, b) => b.ms - a.ms);
  const name = longest && {
    pid: String(longest.holder.pid ?? ''),
    application: longest.holder.application,
    since: longest.holder.since ?? '',
  };
  return [
    ...metric(
      'unwind_outbox_held_seconds',
      'gauge',
      'For how long this relay has waited for an open transaction that can still write to the journal',
      [sampleOf({}, longest ? longest.ms / 1000 : 0)],
    ),
    ...metric(
      'unwind_outbox_holder',
      'gauge',
      'The session of PostgreSQL that it waits for',
      name ? [sampleOf(name, 1)] : [],
    ),
  ];
}
