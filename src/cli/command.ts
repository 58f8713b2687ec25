/** A command of the bin `unwind`. To add one: a file in this folder that exports `command`, and its line in `unwind.ts`. */
export interface Command {
  /** What `unwind NAME --help` prints: the forms of the call, the options and the exit codes. */
  readonly usage: string;
  /**
   * Returns the exit code. By convention 0: done; 1: done, and something remains or differs; 2: nothing could be done. What
   * it throws is printed as one sentence, and ends with 2. `stop` fires at the first Ctrl-C or SIGTERM: a command that
   * works page by page ends after the current one; any other is ended for it after `stopPatienceMs`.
   */
  readonly run: (args: readonly string[], stop: AbortSignal) => Promise<number>;
  /** How long it may take to end after a signal, in milliseconds; two seconds unless set. A second Ctrl-C does not wait. */
  readonly stopPatienceMs?: number;
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
