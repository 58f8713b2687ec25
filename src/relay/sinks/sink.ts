/**
 * The contract of a store or stream that follows the journal. The relay (../relay.ts) calls it; each sink is one file
 * beside this one. An event for which `deliver` neither reported a rejection nor threw is stored.
 */
import type { StoredEvent, StoredSaga } from '../../journal/read/reader.js';
import type { Cursor } from './cursor.js';

/** A confirmed event of the journal, as the relay reads it. */
export interface RelayedEvent extends StoredEvent {
  readonly sagaType: string;
  readonly cursor: Cursor;
}

/** The present saga at its delivery: never older than the events that are delivered with it. */
export type SinkRow = Omit<StoredSaga, 'behindGap' | 'asOf'>;

/** Events of one saga, in order and without a gap. */
export interface Delivery {
  readonly sagaId: string;
  readonly events: readonly RelayedEvent[];
  /** For sinks that take rows; undefined if the row is gone. */
  readonly row: SinkRow | undefined;
}

/** The sink answered, and will not take this event. Earlier events are stored; this one and later ones are not. */
export interface Rejection {
  readonly event: RelayedEvent;
  /** A code of the server with a few words, and nothing of the event's content. */
  readonly reason: string;
}

/** One connection to the sink. After any error it is closed, and a new one is opened. */
export interface SinkSession {
  /**
   * For a sink that keeps its own cursor: returns the earlier one of that and `cursor`. A store that was emptied or
   * restored to an older state is then filled again.
   */
  resume?(cursor: Cursor): Promise<Cursor>;
  /**
   * Stores the deliveries, at most one of each saga. Sinks that keep their own cursor remember `upTo`; it is left out
   * if a blocked saga is tried again. Throws if the sink is away, for any reason: then nothing, some or all of it may
   * be stored, and it is delivered again.
   */
  deliver(deliveries: readonly Delivery[], upTo?: Cursor): Promise<readonly Rejection[]>;
  /** Never throws. */
  close(): Promise<void>;
}

export interface Sink {
  readonly name: 'redis' | 'mongodb' | 'kafka' | 'kurrentdb' | 'webhooks';
  /** `rows`: only the saga's present state matters; `events`: each event does. */
  readonly takes: 'rows' | 'events';
  /** The sink's address for people: without a password. */
  readonly where: string;
  /** Resolves when the sink has answered and accepts writes. */
  connect(): Promise<SinkSession>;
}
