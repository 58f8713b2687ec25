/** What a customer or an operator may ask of a running saga. Types only. */
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import type { JournalEntry } from './journal.js';
import type { SagaRecord } from './record.js';

/** Every steering request says who, why, and until when it may be acted on. */
export interface SteeringRequest {
  readonly actor: string;
  readonly reason: string;
  /** ISO 8601; afterwards the validator refuses, so that nothing is acted on whose caller gave up (rule 24). */
  readonly validUntil: string;
}

/** `applied` and `notApplied` answer for a participant that could not say what became of an action. */
export type ResolveAction = 'retry' | 'skip' | 'block' | 'applied' | 'notApplied';

export interface ResolveRequest extends SteeringRequest {
  readonly step: string;
  readonly action: ResolveAction;
  /** The same id with the same content returns the recorded decision; with other content it is refused (rule 18). */
  readonly requestId: string;
}

/** A request that was accepted and acted on; `state` is the saga's state right after. */
export interface Decision {
  readonly accepted: true;
  readonly state: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * The `type` of the `ApplicationFailure` that refuses a request; its details are `[{state, blockedOn}]` at present.
 * `NotDecided` is no decision: `validUntil` has passed, or the run is being handed over; repeat with the same id.
 */
export type RefusalCode =
  | ('AlreadyUnwinding' | 'AlreadyFulfilled' | 'NotApplicable' | 'Overtaken')
  | ('RequestIdReused' | 'InvalidRequest' | 'NotDecided');

/** The Temporal names under which a workflow offers the saga's messages. */
export interface SagaMessages {
  readonly state: QueryDefinition<SagaRecord>;
  readonly journal?: QueryDefinition<readonly JournalEntry[]>;
  readonly cancel: UpdateDefinition<Decision, [SteeringRequest]>;
  readonly resolve: UpdateDefinition<Decision, [ResolveRequest]>;
  readonly approve?: UpdateDefinition<Decision, [SteeringRequest]>;
  readonly reject?: UpdateDefinition<Decision, [SteeringRequest]>;
}
