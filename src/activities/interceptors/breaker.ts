/** Keeps an optional call from being made again and again while it cannot succeed. */

const FAILURES = 3;
const PAUSE_MS = 5_000;

export interface Breaker {
  /**
   * True if the work should be tried now: always, until several tries in a row have failed; then once every few
   * seconds.
   */
  allows(): boolean;
  succeeded(): void;
  failed(): void;
}

/** @param onChange called when it opens (`away`) and when the guarded system is back */
export function createBreaker(onChange: (now: 'away' | 'back') => void, clock = () => performance.now()): Breaker {
  let failures = 0;
  let nextTry = 0;
  return {
    allows() {
      if (failures < FAILURES) return true;
      if (clock() < nextTry) return false;
      nextTry = clock() + PAUSE_MS;
      return true;
    },
    succeeded() {
      if (failures >= FAILURES) onChange('back');
      failures = 0;
    },
    failed() {
      failures += 1;
      nextTry = clock() + PAUSE_MS;
      if (failures === FAILURES) onChange('away');
    },
  };
}
