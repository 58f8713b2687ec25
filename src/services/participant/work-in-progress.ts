/** The running requests, which must be finished before the pool ends. They go on even if their callers have left. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from './problem.js';

export interface WorkInProgress {
  readonly stopping: boolean;
  /** @throws ProblemError 503 once the service is stopping. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Waits, but no longer than the service lives. True if it waited to the end. */
  wait(milliseconds: number): Promise<boolean>;
  /** Ends the waits, refuses new work and waits until the running work is done or the time is over. */
  stop(withinMilliseconds: number): Promise<void>;
}

export function trackWork(): WorkInProgress {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal); // one for each wait: not a leak
  const running = new Set<Promise<unknown>>();
  return {
    get stopping() {
      return abort.signal.aborted;
    },
    async run(work) {
      if (abort.signal.aborted) throw unavailable('The service is stopping.');
      const promise = work();
      running.add(promise);
      try {
        return await promise;
      } finally {
        running.delete(promise);
      }
    },
    wait: (milliseconds) =>
      sleep(milliseconds, undefined, { signal: abort.signal }).then(
        () => true,
        () => false,
      ),
    async stop(withinMilliseconds) {
      abort.abort();
      const limit = new AbortController();
      await Promise.race([
        Promise.allSettled(running),
        sleep(withinMilliseconds, undefined, { signal: limit.signal }).catch(() => undefined),
      ]);
      limit.abort();
    },
  };
}
