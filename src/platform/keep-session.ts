/** A session with something that may be away, such as a broker or a store: after each failure the next one begins. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from './reason.js';

/** The means of one session: to hear of its end, and to report its states. */
export interface Session<State extends string> {
  /** Fires when the session is to end. */
  readonly stopping: AbortSignal;
  readonly change: (state: State) => void;
}

export interface SessionOptions<State extends string> {
  /** Milliseconds before the session after the first failure, twice as many after each further one, up to `longest`. */
  readonly pause: { readonly first: number; readonly longest: number };
  /** The state in which the session works: once it is reached, the next pause is the first one again. */
  readonly working: State;
  /** Called at each change, with the reason if it is `away`. */
  readonly onChange?: ((state: State | 'away', reason?: string) => void) | undefined;
  /** Called at each failure. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
  /** True of a failure that the next session mends by itself: it begins at once, and nothing is away. */
  readonly isMended?: ((error: unknown) => boolean) | undefined;
}

export interface KeptSession<State extends string> {
  /** Undefined before the first change. */
  state(): State | 'away' | undefined;
  /** Resolves with the first change: it has a state, or what it needs is away. */
  readonly begun: Promise<State | 'away'>;
  /** Resolves once the present session has ended. */
  stop(): Promise<void>;
}

/**
 * Runs `session` again and again, until it is stopped. An error of it is an outage, which is waited for however long it
 * lasts; one that simply returns is followed by the next after the first pause.
 */
export function keepSession<State extends string>(
  options: SessionOptions<State>,
  session: (context: Session<State>) => Promise<void>,
): KeptSession<State> {
  const { first, longest } = options.pause;
  const stop = new AbortController();
  const stopping = stop.signal;
  let state: State | 'away' | undefined;
  let pause = first;
  let tellBegun: (state: State | 'away') => void = () => undefined;
  const begun = new Promise<State | 'away'>((resolve) => (tellBegun = resolve));
  const change = (to: State | 'away', reason?: string): void => {
    if (state !== to) options.onChange?.(to, reason);
    state = to;
    if (to === options.working) pause = first;
    tellBegun(to);
  };
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stopping }).catch(() => undefined);

  async function run(): Promise<void> {
    while (!stopping.aborted) {
      try {
        await session({ stopping, change });
        await wait(first);
      } catch (error) {
        if (stopping.aborted) return;
        if (options.isMended?.(error)) continue;
        options.onFailure?.(error);
        change('away', reasonOf(error));
        await wait(pause);
        pause = Math.min(pause * 2, longest);
      }
    }
  }

  const running = run();
  return {
    state: () => state,
    begun,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}
