/**
 * The three kinds of steps, and the parts that each must have before it can run: its calls, their time-outs, and their refusals.
 *
 *  5. A step cannot be defined without its kind.
 *  6. A step that forgets its compensation, or a call that forgets its time-outs, does not compile.
 *
 * (Numbers are those of the saga rules; see docs/saga.md.)
 */
import type { ActivityOptions } from '@temporalio/common';

/** Time-outs of one direction, in milliseconds. Both are counted from scheduling and survive every restart. */
export interface Budget {
  /** One attempt. */
  readonly attempt: number;
  /** All attempts and the pauses between them. */
  readonly total: number;
}

/** A function of `proxyActivities`. */
export interface Activity<Input extends unknown[], Result> {
  executeWithOptions(options: ActivityOptions, args: Input): Promise<Result>;
}

/** An activity that does nothing by itself: the worker stores the journal that its header carries before it succeeds. */
export type StoreJournal = Activity<[], unknown>;

/** A call of an activity. */
export interface Call<Input, Result> {
  /** It must address its effect by the input alone: the same input, the same effect. */
  readonly activity: Activity<[input: Input], Result>;
  readonly budget: Budget;
  /**
   * The `type`s of a non-retryable `ApplicationFailure` that are definitive answers: nothing happened, and nothing
   * will. Any other failure leaves the outcome unknown (rule 8).
   */
  readonly refusals: readonly string[];
  /** One line for the Web UI; ids and amounts only. A compensation's line begins with `UNDO`. */
  readonly summary?: string | ((input: Input) => string);
}

/** The answer of a compensation; `nothingToDo` means that it found no effect, and fenced the action that may be late. */
export interface Undone {
  readonly outcome: 'compensated' | 'nothingToDo';
}

/** For a participant that cannot take a blind compensation: it is probed before it is compensated (rule 9). */
export interface Probe<Input> extends Call<Input, { readonly effect: 'applied' | 'none' }> {
  /** How long, in milliseconds, the participant may still work on an attempt after the worker gave it up. */
  readonly maximumProcessingTime: number;
}

interface StepOf<Kind, Input, Result> {
  readonly kind: Kind;
  readonly name: string;
  readonly action: Call<Input, Result>;
}

/** A step that can be undone. The compensation gets the action's *input*, never its result: that may be lost (rule 2). */
export interface Compensatable<Input, Result> extends StepOf<'compensatable', Input, Result> {
  readonly compensation: Call<Input, Undone>;
  readonly probe?: Probe<Input>;
}

/** The point of no return: after it nothing before it can be undone (rule 14). */
export type Pivot<Input, Result> = StepOf<'pivot', Input, Result>;

/** A step that must eventually succeed; its failure never unwinds anything. */
export interface Retriable<Input, Result> extends StepOf<'retriable', Input, Result> {
  /** `block` waits for an operator; `deadLetter` lists the step in the outcome and goes on. */
  readonly onExhausted: 'block' | 'deadLetter';
}

/** Any step, as the library keeps it: its input was checked when it was run. */
export type Step = Compensatable<never, unknown> | Pivot<never, unknown> | Retriable<never, unknown>;

/**
 * A step with its compensation.
 *
 * ```ts
 * const pay = compensatable(
 *   'process_payment',
 *   { activity: payment.processPayment, budget: { attempt: 10_000, total: 300_000 }, refusals: ['PaymentDeclined'] },
 *   { activity: payment.refundPayment, budget: { attempt: 10_000, total: 86_400_000 }, refusals: ['RefundRefused'] },
 * );
 * ```
 */
export function compensatable<Input, Result>(
  name: string,
  action: Call<Input, Result>,
  compensation: Call<Input, Undone>,
  options: Pick<Compensatable<Input, Result>, 'probe'> = {},
): Compensatable<Input, Result> {
  return { kind: 'compensatable', name, action, compensation, ...options };
}

/**
 * A step after which the saga only goes forward. If it exhausts its budget, it blocks for an operator; if it is
 * refused, the saga unwinds.
 */
export function pivot<Input, Result>(name: string, action: Call<Input, Result>): Pivot<Input, Result> {
  return { kind: 'pivot', name, action };
}

/** A step that is repeated until it succeeds or its budget is spent; then `onExhausted` decides. */
export function retriable<Input, Result>(
  name: string,
  action: Call<Input, Result>,
  { onExhausted }: Pick<Retriable<Input, Result>, 'onExhausted'>,
): Retriable<Input, Result> {
  return { kind: 'retriable', name, action, onExhausted };
}
