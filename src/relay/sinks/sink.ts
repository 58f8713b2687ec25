/**
 * What a store or stream has to be in order to follow the journal. The relay (../relay.ts) calls it; each sink is one
 * file beside this one. What `deliver` has not rejected and not thrown about is stored.
 */
import type { SagaRecord } from '../../saga/record.js';
import type { Cursor } from './cursor.js';

/** A confirmed event of the journal, as the relay reads it. */
export interface RelayedEvent {
  /** The same event has the same id for ever: what arrives twice is recognised by it. */
  readonly id: string;
  readonly sagaId: string;
  readonly sagaType: string;
  readonly branch: number;
  readonly seq: number;
  /** The name in the audit trail. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly cursor: Cursor;
}

/** The `sagas` row as it stands when it is delivered: never older than the events that are delivered with it. */
export interface SagaRow extends SagaRecord {
  readonly branch: number;
  readonly version: number;
}

/** Events of one saga, in order and without a gap. */
export interface Delivery {
  readonly sagaId: string;
  readonly events: readonly RelayedEvent[];
  /** For sinks that take rows; undefined where the row is gone. */
  readonly row: SagaRow | undefined;
}

/** The sink answered, and will not take this event. What came before it is stored; it and what follows are not. */
export interface Rejection {
  readonly event: RelayedEvent;
  /** A code of the server with a few words: nothing of the event's content. */
  readonly reason: string;
}

/** One connection to the sink. After any error that it throws it is closed, and the next begins anew. */
export interface SinkSession {
  /**
   * For a sink that knows by itself how far it got: the earlier of that and `cursor`. A store that was emptied or put
   * back to an older state says so here, and is filled again.
   */
  resume?(cursor: Cursor): Promise<Cursor>;
  /**
   * Stores the deliveries, at most one of each saga. `upTo` is remembered by sinks that know how far they got; it is
   * left out where a blocked saga is tried again. Throws where the sink is away, whatever the reason: then nothing, some
   * or all of it may be stored, and it is delivered again.
   */
  deliver(deliveries: readonly Delivery[], upTo?: Cursor): Promise<readonly Rejection[]>;
  /** Never throws. */
  close(): Promise<void>;
}

export interface Sink {
  readonly name: 'redis' | 'mongodb' | 'kafka' | 'kurrentdb';
  /** `rows`: only the saga as it stands matters; `events`: each event does. */
  readonly takes: 'rows' | 'events';
  /** Where it is, for people: without a password. */
  readonly where: string;
  /** Resolves once the sink has answered and can be written to. */
  connect(): Promise<SinkSession>;
}
