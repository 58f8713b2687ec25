/** A sink that keeps what it is given in memory: for what the relay does, whatever it feeds. */
import type { Delivery, RelayedEvent, Sink } from '../../src/relay/sinks/sink.js';

export interface RecordingSink extends Sink {
  readonly events: readonly RelayedEvent[];
  /** The ids of a saga's events as they came. */
  idsOf(sagaId: string): string[];
  /** Called before each delivery; what it throws is the sink being away. */
  before: (deliveries: readonly Delivery[]) => Promise<void>;
}

/** Several with the same `events` are one store that several relays are connected to. */
export function recordingSink(events: RelayedEvent[] = []): RecordingSink {
  const sink: RecordingSink = {
    name: 'kafka',
    takes: 'events',
    where: 'memory',
    events,
    idsOf: (sagaId) => events.filter((event) => event.sagaId === sagaId).map(({ id }) => id),
    before: () => Promise.resolve(),
    connect: async () => ({
      async deliver(deliveries) {
        await sink.before(deliveries);
        events.push(...deliveries.flatMap((delivery) => delivery.events));
        return [];
      },
      close: () => Promise.resolve(),
    }),
  };
  return sink;
}
