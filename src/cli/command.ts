import { printable } from './printable.js';

/** A command of the bin `unwind`. To add one: a file in this folder that exports `command`, and its line in `unwind.ts`. */
export interface Command {
  /** The text of `unwind NAME --help`: the forms of the call, the options and the exit codes. */
  readonly usage: string;
  /**
   * Returns the exit code. By convention 0: done; 1: done, and something remains or differs; 2: nothing could be
   * done. An error that it throws is printed as one sentence, and ends the process with 2. `stop` fires at the first
   * Ctrl-C or SIGTERM. A command that works page by page ends after the current page; other commands are ended after
   * `stopPatienceMs`.
   */
  readonly run: (args: readonly string[], stop: AbortSignal) => Promise<number>;
  /**
   * How long the command may take to end after a signal, in milliseconds; two seconds unless set. A second Ctrl-C
   * ends it at once.
   */
  readonly stopPatienceMs?: number;
  /** It runs until it is stopped, and sees to signals, `.env` and its output itself; `stop` never fires. */
  readonly isProcess?: true;
}

/** Prints a line, or several; characters that a terminal would act on are printed as their codes. */
export const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** The same on standard error, for progress and refusals. */
export const complain = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
