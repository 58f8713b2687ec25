/**
 * KurrentDB (EventStoreDB): the stream `saga-order-123`, the event's id the journal's. Others may append to the stream
 * as well: each append names the revision that it follows, and after a conflict goes on behind what is ours in the tail.
 */
import {
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
import { eventId } from '../event-row.js';
import type { Delivery, Rejection, RelayedEvent, Sink, SinkSession } from './sink.js';
import { withoutPassword } from './without-password.js';

const AT_ONCE = 8;
/** Foreign appends between our look at the tail and our append: after more in a row than this the saga waits. */
const MOST_CONFLICTS = 20;
/** Sagas whose revision is remembered; of others the tail is read first. */
const REMEMBERED = 10_000;

type Revision = bigint | typeof NO_STREAM;

export function kurrentSink(url: string): Sink {
  return { name: 'kurrentdb', takes: 'events', where: withoutPassword(url), connect: () => openSession(url) };
}

async function openSession(url: string): Promise<SinkSession> {
  const client = KurrentDBClient.connectionString(url);
  // Appending goes by another connection than reading: this asks both.
  await tailOf(client, { sagaId: 'none', events: [], row: undefined });
  const revisions = new Map<string, Revision>();
  return {
    async deliver(deliveries) {
      const rejections: Rejection[] = [];
      for (let first = 0; first < deliveries.length; first += AT_ONCE) {
        const some = deliveries.slice(first, first + AT_ONCE);
        rejections.push(...(await Promise.all(some.map((each) => append(client, revisions, each)))).flat());
      }
      return rejections;
    },
    close: async () => {
      await client.dispose().catch(() => undefined);
    },
  };
}

const streamOf = (sagaId: string): string => `saga-${sagaId}`;

async function append(
  client: KurrentDBClient,
  revisions: Map<string, Revision>,
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
    for (const oldest of revisions.keys()) {
      if (revisions.size <= REMEMBERED) break;
      revisions.delete(oldest);
    }
    return [];
  } catch (error) {
    if (error instanceof StreamDeletedError) return [{ event: first, reason: 'StreamDeleted' }];
    if (error instanceof RestlessStreamError) return [{ event: first, reason: error.message }];
    if (!(error instanceof MaxAppendSizeExceededError)) throw error;
    return await appendOneByOne(client, delivery);
  }
}

/** Together they are too large; alone only the one that is at fault is. */
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

/** Answers the stream's new revision. */
async function appendBehind(
  client: KurrentDBClient,
  delivery: Delivery,
  known: Revision | undefined,
): Promise<Revision> {
  let { events } = delivery;
  let revision = known;
  for (let conflicts = 0; conflicts <= MOST_CONFLICTS; conflicts += 1) {
    if (revision === undefined) {
      const tail = await tailOf(client, delivery);
      events = delivery.events.filter((event) => !tail.last || isAfter(event, tail.last));
      revision = tail.revision;
    }
    if (events.length === 0) return revision;
    try {
      const { nextExpectedRevision } = await client.appendToStream(streamOf(delivery.sagaId), events.map(appended), {
        streamState: revision,
        deadline: 10_000,
      });
      return nextExpectedRevision;
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      revision = undefined;
    }
  }
  throw new RestlessStreamError(`${MOST_CONFLICTS} others in a row were quicker to append`);
}

class RestlessStreamError extends Error {
  override readonly name = 'RestlessStreamError';
}

interface Place {
  readonly branch: number;
  readonly seq: number;
}

const isAfter = (event: Place, last: Place): boolean =>
  event.branch === last.branch ? event.seq > last.seq : event.branch > last.branch;

interface Tail {
  readonly revision: Revision;
  /** The last event of ours: those before it are there, too. */
  readonly last: Place | undefined;
}

/** Reads back to the last event that is ours by its id; what others have appended since is passed over. */
async function tailOf(client: KurrentDBClient, { sagaId }: Delivery): Promise<Tail> {
  let revision: Revision = NO_STREAM;
  const read = client.readStream(streamOf(sagaId), { direction: BACKWARDS, fromRevision: END });
  try {
    for await (const { event } of read) {
      if (!event) continue;
      if (revision === NO_STREAM) revision = event.revision;
      const last = placeOf(sagaId, event.id, event.metadata);
      if (last) return { revision, last };
    }
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return { revision, last: undefined };
}

/** The metadata says where an event belongs, and its id proves it. */
function placeOf(sagaId: string, id: string, metadata: unknown): Place | undefined {
  const { branch, seq }: { branch?: unknown; seq?: unknown } = Object(metadata);
  if (typeof branch !== 'number' || typeof seq !== 'number') return undefined;
  return eventId(sagaId, branch, seq) === id ? { branch, seq } : undefined;
}

function appended({ id, type, data, sagaId, sagaType, branch, seq, at, correlationId, causationId }: RelayedEvent) {
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
