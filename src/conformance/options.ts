/** What the kit is given: where the participant is, what to say to it, and what it does not have. */
import type { ServiceAccess } from '../platform/outbound/service-access.js';

/** A JSON object. `{id}` in its texts stands for the id of the effect, so that a body may name it. */
export type Body = Readonly<Record<string, unknown>>;

/** A request that arranges something at the participant or behind it. `{id}` stands for the effect's id here, too. */
export interface Preparation {
  readonly method: string;
  /** Absolute. Credentials are sent only to the participant's own origin. */
  readonly url: string;
  readonly body?: Body | undefined;
}

/** What a body alone cannot arrange. */
export interface Preparations {
  /** The next action is refused by business, although its body is one that would be applied. */
  readonly refuseAction?: Preparation | undefined;
  /** Takes the reason of `refuseAction` away; not needed if it holds for one action only. */
  readonly allowAction?: Preparation | undefined;
  /** The compensation of `{id}` is refused by business from now on, or the next one. */
  readonly refuseUndo?: Preparation | undefined;
  /** Takes the reason of `refuseUndo` away. */
  readonly allowUndo?: Preparation | undefined;
}

/** What a participant may lack: `undo` if nothing can be taken back, `collection` if its effects cannot be listed. */
export const LACKS = ['undo', 'collection'] as const;

export type Lack = (typeof LACKS)[number];

export interface ConformanceOptions {
  /** The collection, such as `http://localhost:8002/api/reservations`; an effect is `<url>/{id}`. */
  readonly url: string;
  /** Bearer token and certificates. */
  readonly credentials?: Pick<ServiceAccess, 'token' | 'tls'> | undefined;
  /** Is applied, as often as it is asked for under another id. */
  readonly body: Body;
  /** Another valid request: at least one business field differs from `body`. */
  readonly otherBody?: Body | undefined;
  /** Is refused by business. */
  readonly refusedBody?: Body | undefined;
  /** Is applied, and its compensation is refused by business. */
  readonly refusedUndoBody?: Body | undefined;
  readonly prepare?: Preparations | undefined;
  readonly without?: readonly Lack[] | undefined;
  /**
   * What the participant's books, or those of the provider behind it, hold of an id. It is compared and not interpreted:
   * a repeated call must not change it. Without it second effects are judged by the answers alone.
   */
  readonly books?: ((id: string) => Promise<unknown>) | undefined;
  /** Each id is prefix, a part that is this run's own, the rule's name, a number, and suffix. `conformance` by default. */
  readonly idPrefix?: string | undefined;
  readonly idSuffix?: string | undefined;
  /** Milliseconds for one answer; 10,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** How many requests are made at once at most; 10 by default, at least 2. */
  readonly concurrency?: number | undefined;
  /** Ends the run: no other rule is tried, the effects so far are compensated. */
  readonly stop?: AbortSignal | undefined;
  /** Hears of each rule as soon as it is judged. */
  readonly onResult?: ((result: Result) => void) | undefined;
}

/**
 * - `notTried`: a body or a preparation is missing.
 * - `notReached`: what it builds on failed, so that it would say nothing.
 * - `doesNotApply`: the participant lacks what it is about, as `without` says.
 */
export type Outcome = 'passed' | 'failed' | 'notTried' | 'notReached' | 'doesNotApply';

/** A request that was made, and what came of it: a status, or how it was lost. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  readonly came: string;
}

export interface Result {
  /** The name of the rule's check, such as `tombstone`. */
  readonly name: string;
  /** The number of the saga rule that it shows. */
  readonly rule: number;
  readonly sentence: string;
  readonly outcome: Outcome;
  /** Why it was not tried or reached. */
  readonly why?: string;
  readonly expected?: string;
  readonly seen?: string;
  /** All requests of this check in their order; the last one shows the failure. */
  readonly requests?: readonly Sent[];
}

export interface ConformanceReport {
  readonly results: readonly Result[];
  /** The beginning of all ids of this run. */
  readonly ids: string;
  /** How many ids the participant has heard of; it keeps them for ever, as nothing is deleted. */
  readonly named: number;
  /** Effects that stand, or may stand, after the kit has compensated all that it could, and why. */
  readonly remaining: readonly { readonly id: string; readonly why: string }[];
  /** Whether it was ended before all rules were judged. */
  readonly stopped: boolean;
}
