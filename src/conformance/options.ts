/** The kit's options: the participant's address, the requests to send, and the abilities that the participant lacks. */
import type { ServiceAccess } from '../platform/outbound/service-access.js';

/** A JSON object. `{id}` in its texts is replaced by the effect's id, so that a body may contain it. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * A request that arranges something at the participant or behind it. `{id}` is replaced by the effect's id here, too.
 */
export interface Preparation {
  readonly method: string;
  /** Absolute. Credentials are sent only to the participant's own origin. */
  readonly url: string;
  readonly body?: Body | undefined;
}

/** Arrangements that a body alone cannot make. */
export interface Preparations {
  /** Makes business refuse the next action, although its body is a valid one. */
  readonly refuseAction?: Preparation | undefined;
  /** Reverts `refuseAction`; not needed if that refuses one action only. */
  readonly allowAction?: Preparation | undefined;
  /** Makes business refuse the compensation of `{id}`, from now on or once. */
  readonly refuseUndo?: Preparation | undefined;
  /** Reverts `refuseUndo`. */
  readonly allowUndo?: Preparation | undefined;
}

/**
 * Abilities that a participant may lack: `undo` if nothing can be compensated, `collection` if effects cannot be
 * listed.
 */
export const LACKS = ['undo', 'collection'] as const;

export type Lack = (typeof LACKS)[number];

export interface ConformanceOptions {
  /** The collection, such as `http://localhost:8002/api/reservations`; an effect is `<url>/{id}`. */
  readonly url: string;
  /** Bearer token and certificates. */
  readonly credentials?: Pick<ServiceAccess, 'token' | 'tls'> | undefined;
  /** A body that is applied, under any number of ids. */
  readonly body: Body;
  /** Another valid request: at least one business field differs from `body`. */
  readonly otherBody?: Body | undefined;
  /** A body that business refuses. */
  readonly refusedBody?: Body | undefined;
  /** A body that is applied, and whose compensation business refuses. */
  readonly refusedUndoBody?: Body | undefined;
  readonly prepare?: Preparations | undefined;
  readonly without?: readonly Lack[] | undefined;
  /**
   * Reads the state of an id in the participant's books, or in those of the provider behind it. The result is
   * compared and not interpreted: a repeated call must not change it. Without `books`, second effects are judged by
   * the answers alone.
   */
  readonly books?: ((id: string) => Promise<unknown>) | undefined;
  /**
   * Each id is made of prefix, a part for this run, the rule's name, a number, and suffix. `conformance` by default.
   */
  readonly idPrefix?: string | undefined;
  readonly idSuffix?: string | undefined;
  /** Milliseconds for one answer; 10,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** The most requests at once; 10 by default, at least 2. */
  readonly concurrency?: number | undefined;
  /** Ends the run: no further rule is checked, and the effects so far are compensated. */
  readonly stop?: AbortSignal | undefined;
  /** Called with the result of each rule as soon as it is judged. */
  readonly onResult?: ((result: Result) => void) | undefined;
}

/**
 * - `notTried`: a body or a preparation is missing.
 * - `notReached`: a precondition failed, so that the check would say nothing.
 * - `doesNotApply`: the participant lacks the rule's subject (option `without`).
 */
export type Outcome = 'passed' | 'failed' | 'notTried' | 'notReached' | 'doesNotApply';

/** A request that was sent, and its result: a status, or the way it was lost. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  readonly came: string;
}

export interface Result {
  /** The name of the rule's check, such as `tombstone`. */
  readonly name: string;
  /** The number of the saga rule that the check shows. */
  readonly rule: number;
  readonly sentence: string;
  readonly outcome: Outcome;
  /** The reason if the rule was not tried or not reached. */
  readonly why?: string;
  readonly expected?: string;
  readonly seen?: string;
  /** All requests of this check in order; the last one shows the failure. */
  readonly requests?: readonly Sent[];
}

export interface ConformanceReport {
  readonly results: readonly Result[];
  /** The beginning of all ids of this run. */
  readonly ids: string;
  /** How many ids the participant has received. It keeps them for ever, because nothing is deleted. */
  readonly named: number;
  /** Effects that stand, or may stand, after the kit's compensations, and the reasons. */
  readonly remaining: readonly { readonly id: string; readonly why: string }[];
  /** True if the run was ended before all rules were judged. */
  readonly stopped: boolean;
}
