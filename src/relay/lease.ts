/**
 * The lease of a sink: of all relays that could feed it, one does. Its row is the sink's cursor (`sink_cursors`).
 *
 *   1. Time is PostgreSQL's clock, so that the clocks of the relays' machines do not matter.
 *   2. The holder renews it on a connection of its own: a slow statement of the relay does not cost it the lease.
 *   3. Each takeover has a new generation. Every statement that moves the cursor or keeps a block names its generation
 *      (the fence), so a relay that was stopped and wakes up changes nothing, and learns that it is not the holder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, type ClientBase } from 'pg';

export interface Lease {
  readonly sink: string;
  /** The number of this takeover; decimal. */
  readonly generation: string;
  /** Milliseconds from one renewal to its end. */
  readonly ms: number;
}

/** Another relay has taken over, or the lease could not be renewed in time. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** SQLSTATE of a lock that was not given in time: the transaction of a relay that hangs is still open. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * If the server's clock is this far behind the last renewal, it is another server with another clock, and its lease
 * counts as lapsed.
 */
const CLOCK_TOLERANCE = '1 minute';

/**
 * Takes the lease if it is free, has lapsed, or is this holder's own already; undefined if another relay holds it.
 *
 * @param holder names the relay in `sink_cursors` and in the metrics; no two relays have the same
 */
export async function takeLease(
  client: ClientBase,
  sink: string,
  { holder, ms }: { readonly holder: string; readonly ms: number },
): Promise<Lease | undefined> {
  await client.query('INSERT INTO sink_cursors (sink) VALUES ($1) ON CONFLICT (sink) DO NOTHING', [sink]);
  try {
    const { rows } = await client.query<{ generation: string }>(
      `UPDATE sink_cursors SET generation = generation + 1, holder = $2, renewed_at = clock_timestamp(),
         lease_until = clock_timestamp() + $3 * interval '1 ms', progressed_at = clock_timestamp()
       WHERE sink = $1 AND (lease_until IS NULL OR holder = $2 OR lease_until < clock_timestamp()
         OR renewed_at > clock_timestamp() + interval '${CLOCK_TOLERANCE}')
       RETURNING generation::text`,
      [sink, holder, ms],
    );
    const [row] = rows;
    return row && { sink, generation: row.generation, ms };
  } catch (error) {
    if (error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}

/** Frees the lease for the next relay at once. Does nothing if another relay holds it. */
export async function releaseLease(client: ClientBase, { sink, generation }: Lease): Promise<void> {
  await client.query('UPDATE sink_cursors SET lease_until = NULL WHERE sink = $1 AND generation = $2', [
    sink,
    generation,
  ]);
}

/**
 * For a transaction that does not move the cursor: no other relay takes over until it ends.
 *
 * @throws LeaseLostError
 */
export async function fence(client: ClientBase, { sink, generation }: Lease): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM sink_cursors WHERE sink = $1 AND generation = $2 FOR UPDATE', [
    sink,
    generation,
  ]);
  if (rowCount !== 1) throw lost(sink);
}

export const lost = (sink: string): LeaseLostError => new LeaseLostError(`another relay feeds ${sink} now`);

export interface Heartbeat {
  /** @throws LeaseLostError if the last renewal is older than the lease, because this process hung in between */
  mustHold(): void;
  holds(): boolean;
  /** Records in `progressed_at` that the relay has delivered an event, or found none to deliver. */
  progressed(): void;
  stop(): void;
}

/**
 * Renews the lease three times in its life, until it is stopped or lost, or until `mustHold` was not called for
 * `silentFor` milliseconds, because its caller then hangs.
 *
 * @param client used for nothing else
 */
export function startHeartbeat(client: ClientBase, { sink, generation, ms }: Lease, silentFor: number): Heartbeat {
  const stopping = new AbortController();
  // The time before the statement was sent, because the server cannot have counted from an earlier moment.
  let renewed = performance.now();
  let progress = renewed;
  let asked = renewed;
  let isLost = false;

  async function beat(): Promise<void> {
    for (;;) {
      await sleep(ms / 3, undefined, { signal: stopping.signal });
      const begun = performance.now();
      if (begun - asked > silentFor) return;
      const { rowCount } = await client.query(
        `UPDATE sink_cursors SET renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $3 * interval '1 ms',
           progressed_at = clock_timestamp() - $4 * interval '1 ms'
         WHERE sink = $1 AND generation = $2`,
        [sink, generation, ms, begun - progress],
      );
      if (rowCount !== 1) return;
      renewed = begun;
    }
  }

  void beat()
    .catch(() => undefined)
    .finally(() => (isLost = true));
  const holds = (): boolean => !isLost && performance.now() - renewed < ms;
  return {
    holds,
    mustHold() {
      asked = performance.now();
      if (!holds()) throw lost(sink);
    },
    progressed() {
      progress = performance.now();
    },
    stop: () => stopping.abort(),
  };
}
