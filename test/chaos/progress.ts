/** How far something has come, counted: what the schedule goes by, instead of the clock. */
export interface Progress {
  readonly count: number;
  advance(): void;
  /** Resolves once it has come so far; throws when the run is called off. */
  until(goal: number): Promise<void>;
}

interface Waiting {
  readonly goal: number;
  readonly wake: () => void;
}

export function trackProgress(signal: AbortSignal): Progress {
  let count = 0;
  const waiting = new Set<Waiting>();
  const wakeIf = (isDue: (each: Waiting) => boolean): void => {
    for (const each of waiting) {
      if (!isDue(each)) continue;
      waiting.delete(each);
      each.wake();
    }
  };
  signal.addEventListener('abort', () => wakeIf(() => true));
  return {
    get count() {
      return count;
    },
    advance() {
      count += 1;
      wakeIf(({ goal }) => goal <= count);
    },
    async until(goal) {
      signal.throwIfAborted();
      if (goal <= count) return;
      await new Promise<void>((resolve) => {
        waiting.add({ goal, wake: resolve });
      });
      signal.throwIfAborted();
    },
  };
}
