/** What a customer or an operator may ask of a running saga, of whatever type, and how it is refused. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { JournalEntry } from './journal/events.js';
import type { SagaRecord, Who } from './record.js';

/** Every steering request says who, why, and until when it may be acted on. */
export interface SteeringRequest extends Who {
  /** ISO 8601; afterwards the validator refuses, so that nothing is acted on whose caller gave up (rule 24). */
  readonly validUntil: string;
}

/** Approves or rejects; without a name the approval that has been awaited longest. */
export interface ApprovalRequest extends SteeringRequest {
  readonly approval?: string;
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
 * Why a request is refused: the `type` and the message of an `ApplicationFailure` whose details are the saga's
 * `[{state, blockedOn}]` at present. `NotDecided` is no decision: repeat with the same id.
 */
export const REFUSAL_SENTENCES = {
  AlreadyUnwinding: 'The saga unwinds or has been undone',
  AlreadyFulfilled: 'Nothing is left that could be undone',
  NotApplicable: 'This does not apply to the saga as it stands',
  ApprovalExpired: 'The time for this approval has passed',
  Overtaken: 'The step was answered before the request could act',
  RequestIdReused: 'A request with this id and other content was made before',
  InvalidRequest: 'A request needs an id, an actor, a reason, and a time until which it is valid',
  /** `validUntil` has passed, or the run is being handed over. */
  NotDecided: 'Not decided in time: repeat the request with the same id',
} as const;

/** The failure type of a workflow that was refused before it called anybody: see identity.ts. */
export const SAGA_REFUSED = 'SagaRefused';

export type RefusalCode = keyof typeof REFUSAL_SENTENCES;

export const getSagaState = defineQuery<SagaRecord>('getSagaState');
/** The entries of the present run, in order. */
export const getSagaJournal = defineQuery<readonly JournalEntry[]>('getSagaJournal');
export const cancelSaga = defineUpdate<Decision, [SteeringRequest]>('cancelSaga');
export const resolveStep = defineUpdate<Decision, [ResolveRequest]>('resolveStep');
export const approve = defineUpdate<Decision, [ApprovalRequest]>('approve');
export const reject = defineUpdate<Decision, [ApprovalRequest]>('reject');

/** The messages of every saga; a definition may give them other names. */
export const SAGA_MESSAGES = { getSagaState, getSagaJournal, cancelSaga, resolveStep, approve, reject };
export type SagaMessages = typeof SAGA_MESSAGES;
