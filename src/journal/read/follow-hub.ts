/**
 * All streams of a process read the journal together: one statement, four times a second, for any number of streams.
 *
 *   - The statement asks for the events of each saga after its follower's position. Positions of one saga become visible
 *     in order, so nothing is skipped, whether or not other sagas are being written.
 *   - A follower that has not taken its last batch is left out: it holds one batch at most.
 *   - While the journal is away followers stay, and go on when it is back.
 *
 * No `NOTIFY` wakes it, because that would make the transactions of all workers commit one after another.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { StoredEvent } from './reader.js';
import { JournalUnavailableError } from '../tables/unavailable.js';

/** A place in one saga's events; the question is for the events after it. */
export interface Place {
  readonly sagaId: string;
  readonly after: number;
}

/** The events after each of the places, in their order: `FOLLOWED_AT_A_TIME` at most. */
export type LookBehind = (places: readonly Place[]) => Promise<readonly (readonly StoredEvent[])[]>;

export const FOLLOWED_AT_A_TIME = 100;

/** How often the events of all followers are read. */
const LOOK_EVERY_MS = 250;
const AGAIN_MS = 1_000;
/** The most places in one statement. */
const PLACES_AT_A_TIME = 1_000;

interface Follower {
  readonly sagaId: string;
  /** The position of the last event that it was given. */
  after: number;
  /** Events that it was given and has not taken. */
  readonly events: StoredEvent[];
  failure?: unknown;
  wake(): void;
}

export interface FollowHub {
  /** One saga's events after a position, as they are confirmed; ends when the signal fires. */
  follow(sagaId: string, after: number, signal: AbortSignal): AsyncGenerator<StoredEvent>;
}

export function createFollowHub(look: LookBehind): FollowHub {
  const followers = new Set<Follower>();
  /** Followers that must not wait for the next regular look: they are new, or there was more than one batch. */
  const eager = new Set<Follower>();
  let running: Promise<void> | undefined;
  let hurry = new AbortController();

  function ask(follower: Follower): void {
    eager.add(follower);
    hurry.abort();
    running ??= run().finally(() => (running = undefined));
  }

  async function run(): Promise<void> {
    // Questions of the same moment are asked together.
    await pause(0);
    let lookedAt = 0;
    while (followers.size > 0) {
      const isTurn = performance.now() - lookedAt >= LOOK_EVERY_MS;
      const due = [...(isTurn ? followers : eager)].filter(({ events }) => events.length === 0);
      eager.clear();
      hurry = new AbortController();
      if (isTurn) lookedAt = performance.now();
      const isAway = await lookFor(due);
      const wait = isAway ? AGAIN_MS : Math.max(0, lookedAt + LOOK_EVERY_MS - performance.now());
      const hurried = isAway ? undefined : hurry.signal;
      await pause(wait, undefined, hurried && { signal: hurried }).catch(() => undefined);
    }
  }

  /** True while the journal is away. */
  async function lookFor(due: readonly Follower[]): Promise<boolean> {
    for (let from = 0; from < due.length; from += PLACES_AT_A_TIME) {
      const some = due.slice(from, from + PLACES_AT_A_TIME);
      try {
        await lookForSome(some, look);
      } catch (error) {
        if (error instanceof JournalUnavailableError) return true;
        for (const follower of some) fail(follower, error);
      }
    }
    return false;
  }

  return {
    async *follow(sagaId, after, signal) {
      let wake = (): void => undefined;
      const follower: Follower = { sagaId, after, events: [], wake: () => wake() };
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort, { once: true });
      followers.add(follower);
      try {
        ask(follower);
        yield* taking(follower, signal, { ask, idle: () => new Promise((resolve) => (wake = resolve)) });
      } finally {
        signal.removeEventListener('abort', onAbort);
        followers.delete(follower);
        eager.delete(follower);
      }
    },
  };
}

interface Turns {
  /** Asks at once, without waiting for the next regular look. */
  ask(follower: Follower): void;
  /** Waits until there is a question, or the signal fires. */
  idle(): Promise<void>;
}

async function* taking(follower: Follower, signal: AbortSignal, { ask, idle }: Turns): AsyncGenerator<StoredEvent> {
  let taken = 0;
  while (!signal.aborted) {
    const event = follower.events.shift();
    if (event) {
      taken += 1;
      yield event;
    } else if (follower.failure !== undefined) {
      throw follower.failure;
    } else {
      if (taken >= FOLLOWED_AT_A_TIME) ask(follower);
      taken = 0;
      await idle();
    }
  }
}

/** Followers at the same place share the events after it. */
async function lookForSome(followers: readonly Follower[], look: LookBehind): Promise<void> {
  const byPlace = new Map<string, Follower[]>();
  for (const follower of followers) {
    const place = `${follower.sagaId} ${follower.after}`;
    const group = byPlace.get(place);
    if (group) group.push(follower);
    else byPlace.set(place, [follower]);
  }
  const groups = [...byPlace.values()];
  const found = await look(groups.flatMap(([first]) => (first ? [{ sagaId: first.sagaId, after: first.after }] : [])));
  for (const [index, group] of groups.entries()) {
    const events = found[index] ?? [];
    const last = events.at(-1);
    if (!last) continue;
    for (const follower of group) {
      follower.events.push(...events);
      follower.after = last.position;
      follower.wake();
    }
  }
}

function fail(follower: Follower, error: unknown): void {
  follower.failure = error;
  follower.wake();
}
