/**
 * The outbox relay: feeds one sink from the journal, in order for each saga, at least once. Its promises:
 *
 *  1. The cursor moves only over what the sink has stored, or what is kept as a block (relay-blocks.ts).
 *  2. Nothing is skipped: only what lies below every running transaction is read (relay-outbox.ts).
 *  3. Of all relays of a sink one is at work: whoever holds the advisory lock, on the connection by which it also moves
 *     the cursor, from where it believes it to be.
 *  4. A sink that is away only makes it wait, however long.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientBase } from 'pg';
import { connectClient } from '../database/session.js';
import { JOURNAL_SCHEMA, once } from './journal.js';
import { migrateJournal } from './migrate.js';
import { block, isDropped, readBlockedSagas, readDueBlocks, unblock, type Block, type Budget } from './relay-blocks.js';
import {
  deliveriesOf,
  moveSinkCursor,
  readEvents,
  readSagaEvents,
  readSinkCursor,
  requireOwnTransactions,
} from './relay-outbox.js';
import { compareCursors, type Cursor } from './sinks/cursor.js';
import type { Rejection, Sink, SinkSession } from './sinks/sink.js';
import { within } from './within.js';

export interface RelayPace {
  /** Events in one delivery. */
  readonly batch: number;
  /** Milliseconds between looks into an empty outbox. */
  readonly poll: number;
  /** Milliseconds that a sink has for one answer; then it counts as away. */
  readonly answerWithin: number;
  /** Milliseconds after which a sink that is away is tried again; twice as long each time, up to the second one. */
  readonly awayPause: number;
  readonly longestAwayPause: number;
  /** Milliseconds between questions to an idle sink how far it got. */
  readonly checkEvery: number;
  readonly budget: Budget;
}

const PACE: RelayPace = {
  batch: 200,
  poll: 200,
  answerWithin: 60_000,
  awayPause: 500,
  longestAwayPause: 10_000,
  checkEvery: 5_000,
  budget: { attempts: 6, pause: 1_000, longestPause: 60_000 },
};

/** `waiting`: another relay feeds the sink; `away`: the sink or the journal does not answer. */
export type RelayState = 'waiting' | 'delivering' | 'away';

export interface RelayOptions {
  readonly databaseUrl: string;
  readonly schema?: string;
  readonly sink: Sink;
  readonly pace?: Partial<RelayPace>;
  /** Told of each change, with the reason where something is away. */
  readonly onChange?: (state: RelayState, reason?: string) => void;
  /** Told of each event that the sink rejects. */
  readonly onRejection?: (rejection: Rejection, attempts: number) => void;
}

export interface Relay {
  readonly sink: Sink;
  state(): RelayState;
  /** Resolves once it is at work for the first time, or knows what it waits for. */
  readonly begun: Promise<RelayState>;
  /** Ends after the delivery that is under way. */
  stop(): Promise<void>;
}

/** At work: the lock is held, and the sink is connected. */
interface Shift {
  readonly client: ClientBase;
  readonly sink: Sink;
  readonly session: SinkSession;
  readonly pace: RelayPace;
  readonly options: RelayOptions;
  readonly stopping: AbortSignal;
}

export function startRelay(options: RelayOptions): Relay {
  const { sink, onChange, databaseUrl, schema = JOURNAL_SCHEMA } = options;
  const prepare = once(() => migrateJournal(databaseUrl, schema));
  const pace = { ...PACE, ...options.pace };
  const stop = new AbortController();
  let state: RelayState | undefined;
  let tellBegun: (state: RelayState) => void = () => undefined;
  const begun = new Promise<RelayState>((resolve) => (tellBegun = resolve));
  const change = (to: RelayState, reason?: string): void => {
    if (state !== to) onChange?.(to, reason);
    state = to;
    tellBegun(to);
  };

  async function run(): Promise<void> {
    let pause = pace.awayPause;
    while (!stop.signal.aborted) {
      try {
        await prepare();
        await work({ ...options, schema }, pace, stop.signal, (to) => {
          change(to);
          if (to === 'delivering') pause = pace.awayPause;
        });
      } catch (error) {
        if (stop.signal.aborted) break;
        change('away', error instanceof Error ? error.message || error.name : String(error));
        await sleepUnless(stop.signal, pause);
        pause = Math.min(pause * 2, pace.longestAwayPause);
      }
    }
  }

  const running = run();
  return {
    sink,
    state: () => state ?? 'waiting',
    begun,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

/** One shift: waits for the lock, then delivers until something is away or it is to stop. */
async function work(
  options: RelayOptions,
  pace: RelayPace,
  stopping: AbortSignal,
  change: (state: RelayState) => void,
): Promise<void> {
  const { sink } = options;
  const client = await connect(options);
  try {
    while (!(await lock(client, sink))) {
      change('waiting');
      await sleepUnless(stopping, pace.poll);
      if (stopping.aborted) return;
    }
    const session = await within(sink.connect(), { ms: pace.answerWithin, stopping, onLate: (late) => late.close() });
    try {
      await deliverAll({ client, sink, session, pace, options, stopping }, change);
    } finally {
      await within(session.close(), { ms: 5_000 }).catch(() => undefined);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

const KEEP_ALIVE = 'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3';

/** A connection that notices soon when its server, or this process's machine, is gone: the lock goes with it. */
async function connect({ databaseUrl, schema = JOURNAL_SCHEMA }: RelayOptions): Promise<Client> {
  const client = await connectClient({
    connectionString: databaseUrl,
    application_name: 'unwind-relay',
    schema,
    connectionTimeoutMillis: 5_000,
    query_timeout: 20_000,
    // The server gives up before the relay does.
    statement_timeout: 19_000,
    keepAlive: true,
  });
  try {
    await client.query(KEEP_ALIVE);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function lock(client: ClientBase, { name }: Sink): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('unwind relay ' || current_schema() || ' ' || $1, 0)) AS mine`,
    [name],
  );
  return rows[0]?.mine === true;
}

async function deliverAll(shift: Shift, change: (state: RelayState) => void): Promise<void> {
  const { client, sink, pace, stopping } = shift;
  await requireOwnTransactions(client);
  let cursor = await resumed(shift, await readSinkCursor(client, sink.name));
  let checked = performance.now();
  change('delivering');
  while (!stopping.aborted) {
    await retryBlocks(shift, cursor);
    const next = await deliverNext(shift, cursor);
    if (next) {
      cursor = next;
      continue;
    }
    if (performance.now() - checked > pace.checkEvery) {
      // An operator may have put it back.
      cursor = await resumed(shift, await readSinkCursor(client, sink.name));
      checked = performance.now();
    }
    await sleepUnless(stopping, pace.poll);
  }
}

/** A store that was emptied or put back to an older state is filled again from there. */
async function resumed({ client, sink, session, pace, stopping }: Shift, cursor: Cursor): Promise<Cursor> {
  if (!session.resume) return cursor;
  const from = await within(session.resume(cursor), { ms: pace.answerWithin, stopping });
  if (compareCursors(from, cursor) !== 0) await moveSinkCursor(client, sink.name, cursor, from);
  return from;
}

/** Undefined where there is nothing to deliver. */
async function deliverNext(shift: Shift, cursor: Cursor): Promise<Cursor | undefined> {
  const { client, sink, session, pace, options, stopping } = shift;
  const events = await readEvents(client, cursor, pace.batch);
  const upTo = events.at(-1)?.cursor;
  if (!upTo) return undefined;
  const blocked = await readBlockedSagas(client, sink.name);
  const free = events.filter(({ sagaId }) => !blocked.has(sagaId));
  const deliveries = await deliveriesOf(client, sink.takes, free);
  const rejections = await within(session.deliver(deliveries, upTo), { ms: pace.answerWithin, stopping });
  await inTransaction(client, async () => {
    for (const rejection of rejections) await block(client, sink.name, rejection, { attempts: 1, budget: pace.budget });
    await moveSinkCursor(client, sink.name, cursor, upTo);
  });
  for (const rejection of rejections) options.onRejection?.(rejection, 1);
  return upTo;
}

async function retryBlocks(shift: Shift, cursor: Cursor): Promise<void> {
  for (const due of await readDueBlocks(shift.client, shift.sink.name)) await retry(shift, due, cursor);
}

/** The blocked event, unless it was dropped, and all of its saga that has come behind it. */
async function retry(
  { client, sink, session, pace, options, stopping }: Shift,
  due: Block,
  cursor: Cursor,
): Promise<void> {
  const waiting = await readSagaEvents(client, due.sagaId, { from: due.cursor, to: cursor });
  const events = isDropped(due) ? waiting.filter(({ id }) => id !== due.eventId) : waiting;
  const deliveries = await deliveriesOf(client, sink.takes, events);
  const [rejection] = await within(session.deliver(deliveries), { ms: pace.answerWithin, stopping });
  if (!rejection) {
    await inTransaction(client, () => unblock(client, sink.name, due));
    return;
  }
  // A row stands for all of its events: as long as it is rejected, the event is that was rejected first.
  const same = !isDropped(due) && (sink.takes === 'rows' || rejection.event.id === due.eventId);
  const event = same ? (events.find(({ id }) => id === due.eventId) ?? rejection.event) : rejection.event;
  const attempts = same ? due.attempts + 1 : 1;
  await inTransaction(client, async () => {
    if (!same) await unblock(client, sink.name, due);
    await block(client, sink.name, { ...rejection, event }, { attempts, budget: pace.budget });
  });
  options.onRejection?.({ ...rejection, event }, attempts);
}

async function inTransaction(client: ClientBase, body: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await body();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function sleepUnless(stopping: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
}
