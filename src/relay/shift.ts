/**
 * The work of a relay while it holds the lease of its sink: it delivers batch after batch, and tries rejected events
 * again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Holder } from '../journal/read/horizon.js';
import { beginAttempt, block, isDropped, readBlockedSagas, readDueBlocks, unblock, type Block } from './blocks.js';
import { fence, type Heartbeat, type Lease } from './lease.js';
import {
  deliveriesOf,
  moveSinkCursor,
  readEvents,
  readSagaEvents,
  readSinkCursor,
  requireOwnTransactions,
} from './outbox.js';
import type { RelayPace } from './pace.js';
import { compareCursors, type Cursor } from './sinks/cursor.js';
import type { Delivery, Rejection, Sink, SinkSession } from './sinks/sink.js';
import { inTransactionOn } from '../platform/database/transaction.js';
import { kindOf } from '../platform/reason.js';
import { withTimeLimit } from '../platform/time-limit.js';

export interface Shift {
  readonly client: ClientBase;
  readonly sink: Sink;
  readonly lease: Lease;
  readonly heartbeat: Heartbeat;
  readonly pace: RelayPace;
  readonly stopping: AbortSignal;
  /** A new one after each failure. */
  session: SinkSession;
  /** Lasts longer than the shift. */
  readonly trouble: Trouble;
  readonly onRejection: (rejection: Rejection, attempts: number) => void;
  /** Called each time with the transaction that holds up the next events, if there is one. */
  readonly onHeld: (holder: Holder | undefined) => void;
}

export interface Trouble {
  /** Deliveries in a row that have failed although the sink had accepted the connection. */
  failures: number;
}

/** Opens the connection to the sink; one that opens after the time limit is closed. */
export const openSession = ({
  sink,
  pace,
  stopping,
}: Pick<Shift, 'sink' | 'pace' | 'stopping'>): Promise<SinkSession> =>
  withTimeLimit(sink.connect(), { ms: pace.answerWithin, stopping, onLate: (late) => late.close() });

export const closeSession = (session: SinkSession): Promise<void> =>
  withTimeLimit(session.close(), { ms: 5_000 }).catch(() => undefined);

/** Delivers until it is stopped; throws the error of the sink or the journal, or the loss of the lease. */
export async function deliverAll(shift: Shift, begun: () => void): Promise<void> {
  const { client, sink, heartbeat, pace, stopping } = shift;
  await requireOwnTransactions(client);
  let cursor = await resumeFrom(shift, await readSinkCursor(client, sink.name));
  let checked = performance.now();
  begun();
  while (!stopping.aborted) {
    heartbeat.mustHold();
    const next = await deliverNext(shift, cursor);
    cursor = next ?? cursor;
    await retryBlocks(shift, cursor);
    if (next) continue;
    if (performance.now() - checked > pace.checkEvery) {
      // An operator may have put the cursor back.
      cursor = await resumeFrom(shift, await readSinkCursor(client, sink.name));
      checked = performance.now();
    }
    await sleep(pace.poll, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/**
 * The cursor to go on from: a store that was emptied or restored to an older state is filled again from its own
 * place.
 */
async function resumeFrom({ client, session, lease, pace, stopping }: Shift, cursor: Cursor): Promise<Cursor> {
  if (!session.resume) return cursor;
  const from = await withTimeLimit(session.resume(cursor), { ms: pace.answerWithin, stopping });
  if (compareCursors(from, cursor) !== 0) await moveSinkCursor(client, lease, cursor, from);
  return from;
}

/** Undefined if there is nothing to deliver, or a transaction of the database holds it up. */
async function deliverNext(shift: Shift, cursor: Cursor): Promise<Cursor | undefined> {
  const { client, sink, lease, heartbeat, pace } = shift;
  const { events, holder } = await readEvents(client, cursor, pace.batch);
  shift.onHeld(holder);
  const upTo = events.at(-1)?.cursor;
  if (!upTo) {
    if (!holder) heartbeat.progressed();
    return undefined;
  }
  const sagaIds = [...new Set(events.map(({ sagaId }) => sagaId))];
  const blocked = await readBlockedSagas(client, sink.name, sagaIds);
  const free = events.filter(({ sagaId }) => !blocked.has(sagaId));
  const deliveries = await deliveriesOf(client, sink.takes, free);
  const isSuspect = shift.trouble.failures >= pace.isolateAfter;
  const rejections = isSuspect
    ? await isolate(shift, deliveries, { cursor, upTo })
    : await deliver(shift, deliveries, upTo);
  if (rejections.length === 0) {
    await moveSinkCursor(client, lease, cursor, upTo);
  } else {
    await inTransactionOn(client, async () => {
      await moveSinkCursor(client, lease, cursor, upTo);
      for (const rejection of rejections) {
        await block(client, sink.name, rejection, { attempts: 1, budget: pace.budget });
      }
    });
  }
  heartbeat.progressed();
  for (const rejection of rejections) shift.onRejection(rejection, 1);
  return upTo;
}

/** The last moment at which a relay that hung can notice it: another relay has sent all later deliveries as well. */
async function deliver(shift: Shift, deliveries: readonly Delivery[], upTo?: Cursor): Promise<readonly Rejection[]> {
  const { session, heartbeat, pace, stopping, trouble } = shift;
  heartbeat.mustHold();
  trouble.failures += 1;
  const rejections = await withTimeLimit(session.deliver(deliveries, upTo), { ms: pace.answerWithin, stopping });
  trouble.failures = 0;
  return rejections;
}

/**
 * One saga at a time, after the same batch has failed again and again. If others go through, the sink is not away:
 * the failing events are rejected, whether or not the sink's answer says so, and only their own sagas wait (rule 41).
 * If nothing goes through, nothing shows that the sink serves anyone, and the relay waits for it.
 */
async function isolate(
  shift: Shift,
  deliveries: readonly Delivery[],
  { cursor, upTo }: { readonly cursor: Cursor; readonly upTo: Cursor },
): Promise<readonly Rejection[]> {
  const { pace, stopping, trouble, heartbeat } = shift;
  const rejections: Rejection[] = [];
  const failed: { readonly rejection: Rejection; readonly error: unknown }[] = [];
  for (const delivery of deliveries) {
    heartbeat.mustHold();
    try {
      rejections.push(...(await withTimeLimit(shift.session.deliver([delivery]), { ms: pace.answerWithin, stopping })));
    } catch (error) {
      const [event] = delivery.events;
      if (event) failed.push({ rejection: { event, reason: `the delivery fails: ${kindOf(error)}` }, error });
      await closeSession(shift.session);
      shift.session = await openSession(shift);
      await resumeFrom(shift, cursor);
    }
  }
  const [first] = failed;
  if (first && failed.length === deliveries.length) throw first.error;
  await withTimeLimit(shift.session.deliver([], upTo), { ms: pace.answerWithin, stopping });
  trouble.failures = 0;
  return [...rejections, ...failed.map(({ rejection }) => rejection)];
}

async function retryBlocks(shift: Shift, cursor: Cursor): Promise<void> {
  for (const due of await readDueBlocks(shift.client, shift.sink.name)) await retry(shift, due, cursor);
}

/** The blocked event, unless it was dropped, and all later events of its saga. */
async function retry(shift: Shift, due: Block, cursor: Cursor): Promise<void> {
  const { client, sink, lease, pace } = shift;
  const waiting = await readSagaEvents(client, due.sagaId, { from: due.cursor, to: cursor });
  const events = isDropped(due) ? waiting.filter(({ id }) => id !== due.eventId) : waiting;
  const deliveries = await deliveriesOf(client, sink.takes, events);
  await withFence(client, lease, () => beginAttempt(client, sink.name, due, pace.budget));
  const [rejection] = await deliver(shift, deliveries);
  if (!rejection) {
    await withFence(client, lease, () => unblock(client, sink.name, due));
    return;
  }
  // A row stands for all of its events: as long as it is rejected, the first rejected event stays the blocked one.
  const same = !isDropped(due) && (sink.takes === 'rows' || rejection.event.id === due.eventId);
  const event = same ? (events.find(({ id }) => id === due.eventId) ?? rejection.event) : rejection.event;
  const attempts = same ? due.attempts + 1 : 1;
  await withFence(client, lease, async () => {
    if (!same) await unblock(client, sink.name, due);
    await block(client, sink.name, { ...rejection, event }, { attempts, budget: pace.budget });
  });
  shift.onRejection({ ...rejection, event }, attempts);
}

const withFence = (client: ClientBase, lease: Lease, body: () => Promise<void>): Promise<void> =>
  inTransactionOn(client, async () => {
    await fence(client, lease);
    await body();
  });
