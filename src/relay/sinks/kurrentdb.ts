/**
 * KurrentDB (EventStoreDB): the stream `saga-order-123`, with the journal's event ids. Other clients may append to
 * the stream as well: each append names the revision that it follows, and after a conflict it goes on after our last
 * event in the tail.
 */
import {
  ANY,
  BACKWARDS,
  END,
  jsonEvent,
  KurrentDBClient,
  NO_STREAM,
  StreamDeletedError,
  StreamNotFoundError,
  MaxAppendSizeExceededError,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import { LRUCache } from 'lru-cache';
import { inParallel } from '../../platform/in-parallel.js';
import { eventId } from '../../journal/tables/event-row.js';
import type { Delivery, Rejection, RelayedEvent, Sink, SinkSession } from './sink.js';
import { withoutPassword } from './without-password.js';

const AT_ONCE = 8;
/** After so many foreign appends between our look at the tail and our append, the append names no revision. */
const MOST_CONFLICTS = 5;
/** Events of a tail that are read in one page. */
const PAGE = 50;
/** Sagas whose revision is cached; for others the tail is read first. */
const CACHED = 10_000;

type Revision = bigint | typeof NO_STREAM;

export function kurrentSink(url: string): Sink {
  return { name: 'kurrentdb', takes: 'events', where: withoutPassword(url), connect: () => openSession(url) };
}

async function openSession(url: string): Promise<SinkSession> {
  const client = KurrentDBClient.connectionString(url);
  // Appending uses another connection than reading: this tests both.
  await tailOf(client, { sagaId: 'none', events: [], row: undefined });
  const revisions = new LRUCache<string, Revision>({ max: CACHED });
  return {
    async deliver(deliveries) {
      return (await inParallel(AT_ONCE, deliveries, (each) => append(client, revisions, each))).flat();
    },
    close: async () => {
      await client.dispose().catch(() => undefined);
    },
  };
}

const streamOf = (sagaId: string): string => `saga-${sagaId}`;

async function append(
  client: KurrentDBClient,
  revisions: LRUCache<string, Revision>,
  delivery: Delivery,
): Promise<Rejection[]> {
  const { sagaId } = delivery;
  const [first] = delivery.events;
  if (!first) return [];
  try {
    const known = revisions.get(sagaId);
    revisions.delete(sagaId);
    const revision = await appendBehind(client, delivery, known);
    revisions.set(sagaId, revision);
    return [];
  } catch (error) {
    if (error instanceof StreamDeletedError) return [{ event: first, reason: 'StreamDeleted' }];
    if (!(error instanceof MaxAppendSizeExceededError)) throw error;
    return await appendOneByOne(client, delivery);
  }
}

/** Together they are too large; alone only the faulty event is. */
async function appendOneByOne(client: KurrentDBClient, delivery: Delivery): Promise<Rejection[]> {
  for (const event of delivery.events) {
    try {
      await appendBehind(client, { ...delivery, events: [event] }, undefined);
    } catch (error) {
      if (!(error instanceof MaxAppendSizeExceededError)) throw error;
      return [{ event, reason: 'MaxAppendSizeExceeded' }];
    }
  }
  return [];
}

/** Returns the stream's new revision. */
async function appendBehind(
  client: KurrentDBClient,
  delivery: Delivery,
  known: Revision | undefined,
): Promise<Revision> {
  const stream = streamOf(delivery.sagaId);
  let tail: Tail = known === undefined ? await tailOf(client, delivery) : { revision: known, last: undefined };
  for (let conflicts = 0; ; conflicts += 1) {
    const { revision, last } = tail;
    const events = delivery.events.filter((event) => !last || isAfter(event, last));
    if (events.length === 0) return revision;
    try {
      // Only this relay appends a saga's events, so their place among foreign events does not matter.
      const streamState = conflicts < MOST_CONFLICTS ? revision : ANY;
      const appending = client.appendToStream(stream, events.map(eventDataOf), { streamState, deadline: 10_000 });
      return (await appending).nextExpectedRevision;
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      tail = await tailOf(client, delivery);
    }
  }
}

interface Place {
  readonly branch: number;
  readonly seq: number;
}

const isAfter = (event: Place, last: Place): boolean =>
  event.branch === last.branch ? event.seq > last.seq : event.branch > last.branch;

interface Tail {
  readonly revision: Revision;
  /** The last event of ours; the earlier ones are there, too. */
  readonly last: Place | undefined;
}

/** Reads back to our last event, recognised by its id; later foreign events are passed over. */
async function tailOf(client: KurrentDBClient, { sagaId }: Delivery): Promise<Tail> {
  const [newest, ...page] = await readBack(client, sagaId, END);
  if (!newest) return { revision: NO_STREAM, last: undefined };
  for (let events = [newest, ...page]; ;) {
    const last = events.map(({ id, metadata }) => placeOf(sagaId, id, metadata)).find((place) => place !== undefined);
    const oldest = events.at(-1)?.revision ?? 0n;
    if (last || oldest === 0n) return { revision: newest.revision, last };
    events = await readBack(client, sagaId, oldest - 1n);
  }
}

/** One page, the newest first; empty if there is no such stream. */
async function readBack(client: KurrentDBClient, sagaId: string, fromRevision: typeof END | bigint) {
  const options = { direction: BACKWARDS, fromRevision, maxCount: PAGE } as const;
  const events = [];
  try {
    for await (const { event } of client.readStream(streamOf(sagaId), options)) if (event) events.push(event);
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return events;
}

/** The metadata gives the event's place, and its id proves it. */
function placeOf(sagaId: string, id: string, metadata: unknown): Place | undefined {
  const { branch, seq }: { branch?: unknown; seq?: unknown } = Object(metadata);
  if (typeof branch !== 'number' || typeof seq !== 'number') return undefined;
  return eventId(sagaId, branch, seq) === id ? { branch, seq } : undefined;
}

function eventDataOf({ id, type, data, sagaId, sagaType, branch, seq, at, correlationId, causationId }: RelayedEvent) {
  return jsonEvent({
    id,
    type,
    data: { ...data, sagaId, at },
    // With these two names the server's own projections follow a correlation.
    metadata: {
      sagaType,
      branch,
      seq,
      $correlationId: correlationId ?? sagaId,
      ...(causationId && { $causationId: causationId }),
    },
  });
}
