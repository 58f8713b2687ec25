/**
 * Which calls of one saga are being handled, and which are in a back-off: what the time-skipping server must not be
 * asked at which moment (see test/support/temporal.ts, 3).
 */
export interface Pace {
  begin(step: string): void;
  /** `again`: the call is retried after a back-off, unless its budget is spent. */
  end(step: string, again: boolean): void;
  /** The saga says that nothing more comes of this step's call. */
  settled(step: string): void;
  inBackOff(step: string): boolean;
  anyInBackOff(): boolean;
  /** Resolves once only one call is being handled. */
  alone(): Promise<void>;
  /** Nothing goes into a back-off while something is being asked. */
  asking<T>(ask: () => Promise<T>): Promise<T>;
  nothingIsAsked(): Promise<unknown>;
}

export function pace(): Pace {
  let running = 0;
  let asked: Promise<unknown> = Promise.resolve();
  let waiting: (() => void)[] = [];
  const backOff = new Set<string>();
  return {
    begin: (step) => {
      running++;
      backOff.delete(step);
    },
    end: (step, again) => {
      running--;
      if (again) backOff.add(step);
      if (running === 1) for (const go of waiting.splice(0)) go();
    },
    settled: (step) => void backOff.delete(step),
    inBackOff: (step) => backOff.has(step),
    anyInBackOff: () => backOff.size > 0,
    alone: () => (running === 1 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    asking: (ask) => {
      const asking = ask();
      asked = Promise.allSettled([asked, asking]);
      return asking;
    },
    nothingIsAsked: () => asked,
  };
}
