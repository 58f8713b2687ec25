/**
 * Which calls of one saga are being handled, which were answered before the saga could say so, and which are in a
 * back-off: what the time-skipping server must not be asked at which moment. It never lets time pass again if a call is
 * cut in its back-off (see test/support/temporal.ts, 3), and loses a workflow task that cuts a call which is answered
 * meanwhile.
 */
export interface Pace {
  begin(step: string): void;
  /** `again`: the call is retried after a back-off, unless its budget is spent. */
  end(step: string, again: boolean): void;
  /** The saga says which steps' calls it still waits for. */
  told(isOpen: (step: string) => boolean): void;
  isRunning(step: string): boolean;
  inBackOff(step: string): boolean;
  anyInBackOff(): boolean;
  /** Resolves once only one call is being handled. */
  alone(): Promise<void>;
  /** Asks once the saga knows of every answer. No call is answered meanwhile. */
  asking<T>(ask: () => Promise<T>): Promise<T>;
  nothingIsAsked(): Promise<unknown>;
}

export function createPace(): Pace {
  const running: string[] = [];
  const answered = new Set<string>();
  const backOff = new Set<string>();
  let isOpen = (_step: string): boolean => true;
  let asked: Promise<unknown> = Promise.resolve();
  let waiting: { readonly until: () => boolean; readonly go: () => void }[] = [];
  const until = (condition: () => boolean): Promise<void> =>
    condition() ? Promise.resolve() : new Promise((go) => waiting.push({ until: condition, go }));
  const look = (): void => {
    const ready = waiting.filter((wait) => wait.until());
    waiting = waiting.filter((wait) => !ready.includes(wait));
    for (const { go } of ready) go();
  };
  return {
    begin: (step) => {
      running.push(step);
      answered.delete(step);
      backOff.delete(step);
    },
    end: (step, again) => {
      running.splice(running.indexOf(step), 1);
      // A call that was cut is no longer waited for, or is being made anew.
      if (isOpen(step) && !running.includes(step)) (again ? backOff : answered).add(step);
      look();
    },
    told: (open) => {
      isOpen = open;
      for (const set of [answered, backOff]) for (const step of set) if (!open(step)) set.delete(step);
      look();
    },
    isRunning: (step) => running.includes(step),
    inBackOff: (step) => backOff.has(step),
    anyInBackOff: () => backOff.size > 0,
    alone: () => until(() => running.length === 1),
    asking: (ask) => {
      const asking = until(() => answered.size === 0).then(ask);
      asked = Promise.allSettled([asked, asking]);
      return asking;
    },
    nothingIsAsked: () => asked,
  };
}
