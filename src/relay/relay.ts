/**
 * The outbox relay: feeds one sink from the journal, in order for each saga, at least once. Its promises:
 *
 *   1. The cursor moves only over events that the sink has stored, or that are kept as a block (blocks.ts).
 *   2. Nothing is skipped: nothing is read above a transaction that can still write to the journal (horizon.ts).
 *   3. Of all relays of a sink one is at work: the holder of its lease. One that hangs loses it, and changes nothing when it
 *      wakes up (lease.ts). Its last requests may arrive twice: rows of an older version replace nothing, and on a stream
 *      the first appearances of a saga's events are in order, since each relay begins at or before the cursor.
 *   4. A sink that is away only makes it wait, however long.
 *   5. An event that cannot be delivered stops its saga at this sink, and no other saga (rule 41).
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connectClient } from '../platform/database/session.js';
import { keepSession, type Session } from '../platform/keep-session.js';
import type { Holder } from '../journal/read/horizon.js';
import { JOURNAL_SCHEMA, once } from '../journal/write/journal.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { LeaseLostError, releaseLease, startHeartbeat, takeLease, type Heartbeat, type Lease } from './lease.js';
import { PACE, type RelayPace } from './pace.js';
import { closeSession, deliverAll, openSession, type Shift } from './shift.js';
import type { Rejection, Sink } from './sinks/sink.js';

export type { RelayPace } from './pace.js';

/** `waiting`: another relay feeds the sink; `away`: the sink or the journal does not answer. */
export type RelayState = 'waiting' | 'delivering' | 'away';

export interface Held {
  readonly holder: Holder;
  /** Milliseconds for which this relay has found no event that it may read. */
  readonly ms: number;
}

export interface RelayOptions {
  readonly databaseUrl: string;
  readonly schema?: string;
  readonly sink: Sink;
  readonly pace?: Partial<RelayPace>;
  /** Called with each change, and with the reason if something is away. */
  readonly onChange?: (state: RelayState, reason?: string) => void;
  /** Called with each event that the sink rejects. */
  readonly onRejection?: (rejection: Rejection, attempts: number) => void;
  /** Called once for each transaction that holds up the outbox for longer than `heldFor`, and again when it goes on. */
  readonly onHeld?: (held: Held | undefined) => void;
}

export interface Relay {
  readonly sink: Sink;
  /** Its name in `sink_cursors`. */
  readonly holder: string;
  state(): RelayState;
  /** True if it holds the lease of its sink. */
  leads(): boolean;
  /** The transaction that its outbox waits for, from the first look on. */
  held(): Held | undefined;
  /** Resolves when it is at work for the first time, or knows the reason why it waits. */
  readonly begun: Promise<RelayState>;
  /** Ends after the running delivery. */
  stop(): Promise<void>;
}

type WorkState = Exclude<RelayState, 'away'>;

/** The state that lasts from one shift to the next. */
interface Work extends Session<WorkState> {
  readonly options: RelayOptions & { readonly schema: string };
  readonly holder: string;
  readonly pace: RelayPace;
  readonly trouble: Shift['trouble'];
  readonly hold: ReturnType<typeof watchHold>;
  heartbeat: Heartbeat | undefined;
}

export function startRelay(options: RelayOptions): Relay {
  const { sink, onChange, databaseUrl, schema = JOURNAL_SCHEMA } = options;
  const prepare = once(() => migrateJournal(databaseUrl, schema));
  const pace = { ...PACE, ...options.pace };
  const work: Omit<Work, keyof Session<WorkState>> = {
    options: { ...options, schema },
    holder: `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`,
    pace,
    trouble: { failures: 0 },
    hold: watchHold(pace.heldFor, options.onHeld),
    heartbeat: undefined,
  };
  const kept = keepSession<WorkState>(
    {
      pause: { first: pace.awayPause, longest: pace.longestAwayPause },
      working: 'delivering',
      onChange,
      // Another relay holds the lease now: this one waits, or takes it back.
      isMended: (error) => error instanceof LeaseLostError,
    },
    async (session) => {
      await prepare();
      await workOneShift(Object.assign(work, session));
    },
  );
  return {
    sink,
    holder: work.holder,
    state: () => kept.state() ?? 'waiting',
    leads: () => work.heartbeat?.holds() === true,
    held: () => (work.heartbeat?.holds() === true ? work.hold.now() : undefined),
    begun: kept.begun,
    stop: kept.stop,
  };
}

/** Waits for the lease, then delivers until the sink or the journal is away, the lease is lost, or it is stopped. */
async function workOneShift(work: Work): Promise<void> {
  const { options, holder, pace, stopping } = work;
  const client = await connect(options, 'unwind-relay');
  let lease: Lease | undefined;
  try {
    for (;;) {
      lease = await takeLease(client, options.sink.name, { holder, ms: pace.lease });
      if (lease) break;
      work.change('waiting');
      await sleepUnless(stopping, pace.poll);
      if (stopping.aborted) return;
    }
    await deliver(work, client, lease);
  } finally {
    // If the connection is gone the lease lapses, or this relay takes it again.
    if (lease) await releaseLease(client, lease).catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

async function deliver(work: Work, client: Client, lease: Lease): Promise<void> {
  const { options, pace, stopping, trouble, hold, change } = work;
  const { sink } = options;
  const pulse = await connect(options, 'unwind-relay-lease');
  // Longer than any wait of a shift that is alive.
  const heartbeat = startHeartbeat(pulse, lease, 2 * pace.answerWithin + 60_000);
  try {
    const session = await openSession({ sink, pace, stopping });
    const onRejection: Shift['onRejection'] = (rejection, attempts) => options.onRejection?.(rejection, attempts);
    const held = { onHeld: hold.look };
    const shift: Shift = { client, sink, lease, heartbeat, pace, stopping, session, trouble, onRejection, ...held };
    work.heartbeat = heartbeat;
    try {
      await deliverAll(shift, () => change('delivering'));
    } finally {
      await closeSession(shift.session);
    }
  } finally {
    work.heartbeat = undefined;
    hold.look(undefined);
    heartbeat.stop();
    await pulse.end().catch(() => undefined);
  }
}

/** Reports a hold after it has lasted for `heldFor`, and when it is over. */
function watchHold(heldFor: number, onHeld: RelayOptions['onHeld']) {
  let held: { readonly holder: Holder; readonly from: number } | undefined;
  let told: string | undefined;
  const now = (): Held | undefined => held && { holder: held.holder, ms: performance.now() - held.from };
  return {
    now,
    look(holder: Holder | undefined): void {
      held = holder && { holder, from: held?.from ?? performance.now() };
      const current = now();
      const name = holder && `${holder.pid ?? ''} ${holder.application} ${holder.since ?? ''}`;
      if (current ? current.ms < heldFor || told === name : told === undefined) return;
      told = name;
      onHeld?.(current);
    },
  };
}

const KEEP_ALIVE = 'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3';

/**
 * A connection that notices soon when its server, or this process's machine, is gone. If this process hangs, the server
 * ends its open transaction, and with it the lock on the cursor that another relay would wait for.
 */
async function connect({ databaseUrl, schema }: Work['options'], name: string): Promise<Client> {
  const client = await connectClient({
    connectionString: databaseUrl,
    application_name: name,
    schema,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 19_000,
    lock_timeout: 2_000,
    idle_in_transaction_session_timeout: 3_000,
    query_timeout: 20_000,
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

async function sleepUnless(stopping: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
}
