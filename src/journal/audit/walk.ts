/** A walk over every saga that the journal or Temporal knows, in bounded memory; a short outage does not end it. */
import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import type { Maintenance } from './stored.js';
import { JournalUnavailableError } from '../tables/unavailable.js';
import { listRunPages } from './runs.js';

export interface Walk {
  readonly maintenance: Maintenance;
  /** If absent, only the journal is walked. */
  readonly client?: Client | undefined;
  /** The id after which the walk begins in the journal. */
  readonly after?: string | undefined;
  /** Ends it between two sagas. */
  readonly stop?: AbortSignal | undefined;
  /** How long one read may go on failing. */
  readonly patienceMs?: number | undefined;
}

const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
const RUNS_AT_A_TIME = 200;

/** Yields ids: the journal's in their order, then those that only Temporal knows, in no order. */
export async function* walkSagas(walk: Walk): AsyncGenerator<string> {
  const { maintenance, client, after = '', stop } = walk;
  let last = after;
  for (;;) {
    const page = await patiently(walk, () => maintenance.sagaIds(last));
    if (page.length === 0) break;
    for (const sagaId of page) {
      if (stop?.aborted) return;
      yield sagaId;
      last = sagaId;
    }
  }
  if (!client || stop?.aborted) return;
  // A saga that was reset or continued as new is listed once for each run, and the runs may be pages apart.
  let before = new Set<string>();
  for await (const page of listRunPages(client, RUNS_AT_A_TIME)) {
    const unknown = await patiently(walk, () => maintenance.unknown([...page]));
    for (const sagaId of unknown) {
      if (stop?.aborted) return;
      if (!before.has(sagaId)) yield sagaId;
    }
    before = new Set(unknown);
  }
}

/**
 * Repeats a read that fails because a server is away or busy. Throws its last error when the patience is over or
 * `stop` fires.
 */
export async function patiently<T>({ stop, patienceMs = PATIENCE_MS }: Walk, read: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      return await read();
    } catch (error) {
      if (!isOutage(error) || performance.now() + wait > end || stop?.aborted) throw error;
      await pause(wait, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

const isOutage = (error: unknown): boolean =>
  error instanceof JournalUnavailableError || error instanceof ServiceError || isGrpcServiceError(error);
