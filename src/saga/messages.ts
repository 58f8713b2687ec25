/** The requests that a customer or an operator may send to a running saga of any type, and how they are refused. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Entry } from './journal/events.js';
import type { SagaRecord, Who } from './record.js';

/** Every steering request has an actor, a reason and a time until which it may be acted on. */
export interface SteeringRequest extends Who {
  /**
   * ISO 8601. After that time the validator refuses, so that no request is acted on after its caller gave up (rule
   * 24).
   */
  readonly validUntil: string;
}

/** Approves or rejects; without a name, the approval that has waited longest. */
export interface ApprovalRequest extends SteeringRequest {
  readonly approval?: string;
}

/** The decisions on a step. */
export const RESOLVE_ACTIONS = ['retry', 'skip', 'block', 'applied', 'notApplied'] as const;

/** `applied` and `notApplied` answer for a participant that could not say whether an action happened. */
export type ResolveAction = (typeof RESOLVE_ACTIONS)[number];

/** A decision on a step that is blocked or still being tried. */
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
 * The reasons for a refusal: the `type` and the message of an `ApplicationFailure` whose details are the saga's
 * present `[{state, blockedOn}]`. `NotDecided` is not a decision: repeat the request with the same id.
 */
export const REFUSAL_SENTENCES = {
  AlreadyUnwinding: 'The saga unwinds or has been undone',
  AlreadyFulfilled: 'Nothing is left that could be undone',
  NotApplicable: 'This does not apply to the saga as it stands',
  ApprovalExpired: 'The time for this approval has passed',
  Overtaken: 'The step was answered before the request could act',
  RequestIdReused: 'A request with this id and other content was made before',
  InvalidRequest: 'A request needs an id, an actor, a reason, and a time until which it is valid',
  /** `validUntil` has passed, or the saga is moving to a new run. */
  NotDecided: 'Not decided in time: repeat the request with the same id',
} as const;

/** The failure type of a workflow that was refused before it called anybody: see `refuseSaga`. */
export const SAGA_REFUSED = 'SagaRefused';

/** The codes of those refusals. */
export type RefusalCode = keyof typeof REFUSAL_SENTENCES;

/** Any request, as a validator has found it to be. */
export type AnyRequest = ApprovalRequest & Partial<ResolveRequest>;

const LONGEST = 1_000;

/** No database stores these as text: the null character, and halves of surrogate pairs. */
const UNSTORABLE = /[\0\ud800-\udfff]/u;

/** ISO 8601 with its offset, because `Date.parse` alone accepts many texts that are not times, such as `1`. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST && !UNSTORABLE.test(value);

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));

/**
 * Whether the input of an Update says who, why and until when; a decision on a step also which step, and which action.
 * Anything at all can arrive, because not only our API can reach Temporal. Any other input is refused by the validator
 * (`InvalidRequest`), and so can never fail a workflow task.
 */
export function isRequest(input: unknown, decides: 'saga' | 'step'): input is AnyRequest {
  const { actor, reason, validUntil, requestId, step, action, approval }: Record<string, unknown> = Object(input);
  if (!isText(actor) || !isText(reason) || !isTime(validUntil)) return false;
  if ([requestId, approval].some((id) => id !== undefined && !isText(id))) return false;
  return decides === 'saga' || (isText(step) && RESOLVE_ACTIONS.some((known) => known === action));
}

/** The record of the saga. */
export const getSagaState = defineQuery<SagaRecord>('getSagaState');
/** The entries of the present run, in order. */
export const getSagaJournal = defineQuery<readonly Entry[]>('getSagaJournal');
export const cancelSaga = defineUpdate<Decision, [SteeringRequest]>('cancelSaga');
export const resolveStep = defineUpdate<Decision, [ResolveRequest]>('resolveStep');
export const approve = defineUpdate<Decision, [ApprovalRequest]>('approve');
export const reject = defineUpdate<Decision, [ApprovalRequest]>('reject');

/** The messages of every saga; a definition may give them other names. */
export const SAGA_MESSAGES = { getSagaState, getSagaJournal, cancelSaga, resolveStep, approve, reject };
export type SagaMessages = typeof SAGA_MESSAGES;
