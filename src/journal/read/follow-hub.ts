/**
 * All streams of a process look at the journal together: one statement, four times a second, however many there are.
 *
 *  - A statement asks for each saga what stands behind the position of its follower. Of one saga positions become visible
 *    in order, so nothing is skipped, whatever other sagas do.
 *  - A follower that has not taken what it has is left out: it holds one batch at most.
 *  - While the journal is away followers stay, and go on when it is back.
 *
 * No `NOTIFY` wakes it: that would make the transactions of all workers commit one after another.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { StoredEvent } from './reader.js';
import { JournalUnavailableError } from '../tables/unavailable.js';

/** A place in one saga's events: what is asked for stands behind it. */
export interface Place {
  readonly sagaId: string;
  readonly after: number;
}

/** For each of the places, in their order, the events behind it: `FOLLOWED_AT_A_TIME` at most. */
export type LookBehind = (places: readonly Place[]) => Promise<readonly (readonly StoredEvent[])[]>;

export const FOLLOWED_AT_A_TIME = 100;

/** How often all followers are looked for. */
const LOOK_EVERY_MS = 250;
const AGAIN_MS = 1_000;
/** Of one statement. */
const PLACES_AT_A_TIME = 1_000;

interface Follower {
  readonly sagaId: string;
  /** Of the last event that it was given. */
  after: number;
  /** Given, and not taken. */
  readonly events: StoredEvent[];
  failure?: unknown;
  wake(): void;
}

export interface FollowHub {
  /** One saga's events behind a position, as they come; ends when the signal fires. */
  follow(sagaId: string, after: number, signal: AbortSignal): AsyncGenerator<StoredEvent>;
}

export function createFollowHub(look: LookBehind): FollowHub {
  const followers = new Set<Follower>();
  /** Those that are not to wait for the next look at all: they are new, or there was more than one batch. */
  const eager = new Set<Follower>();
  let running: Promise<void> | undefined;
  let hurry = new AbortController();

  function ask(follower: Follower): void {
    eager.add(follower);
    hurry.abort();
    running ??= run().finally(() => (running = undefined));
  }

  async function run(): Promise<void> {
    // What is asked for in the same moment is looked for together.
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
  /** Not to wait for the next look at all. */
  ask(follower: Follower): void;
  /** Until there is something, or the signal fires. */
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

/** Followers that stand at one place share what is found behind it. */
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
