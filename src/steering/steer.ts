/** Steering a saga: an Update that is accepted and acted on, refused with the reason, or not decided (rules 18 and 24). */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  approve,
  cancelSaga,
  reject,
  resolveStep,
  type Decision,
  type RefusalCode,
  type ResolveRequest,
  type SteeringRequest,
} from '../workflows/messages.js';
import { pauseOf } from './pause.js';
import { sentenceFor, type Asked } from './refusal-sentences.js';
import type { PreviewedDecision } from './preview-course.js';
import { idsOf, type SagaIds } from './saga-ids.js';
import { readSagaStatus, type StatusDeps } from './status.js';
import type { TemporalClock } from '../platform/temporal/clock.js';
import { askTemporal, TemporalUnavailableError, isRefusedForItsStatus } from '../platform/temporal/ask.js';
import { Problem, type ProblemDetails } from '../problems.js';
import type { Caller } from '../caller.js';

const DECIDED_WITHIN_MS = 5_000;
/** A decision at the last moment still has to arrive here. */
const GRACE_MS = 250;
/** Temporal knows the verdict of a closed workflow; its worker gets little time. */
const ENDED_PATIENCE_MS = 250;
const PAUSED_PATIENCE_MS = 1_500;

export interface SteeringDeps extends StatusDeps {
  /** What decisions are dated by. */
  readonly clock: Pick<TemporalClock, 'now' | 'measure'>;
}

type Steering<Request extends SteeringRequest> = Omit<Request, 'validUntil'>;

/** A request to a saga. `id` is the same for the same request, so that its repeat finds the decision. */
export interface SteerRequest {
  readonly id: string;
  readonly asked: Asked;
  /** For a preview of the same request. */
  readonly decision: PreviewedDecision;
  readonly details: ProblemDetails;
  readonly send: (handle: WorkflowHandle, updateId: string, validUntil: string) => Promise<Decision>;
}

const UPDATES = { cancel: cancelSaga, approve, reject } as const;
export type SagaDecision = keyof typeof UPDATES;

/** A request to cancel, approve or reject. The same actor and reason make the same request. */
export const decisionRequest = (
  decision: SagaDecision,
  { actor, reason }: Steering<SteeringRequest>,
): SteerRequest => ({
  id: idOf(decision, [actor, reason]),
  asked: decision,
  decision: { action: decision },
  details: {},
  send: (handle, updateId, validUntil) =>
    handle.executeUpdate(UPDATES[decision], { updateId, args: [{ actor, reason, validUntil }] }),
});

/** The content is part of the id, so that the workflow sees a request with other content, and refuses it (rule 18). */
export const stepRequest = (request: Steering<ResolveRequest>): SteerRequest => ({
  id: idOf('resolve', [request.requestId, request.step, request.action, request.actor, request.reason]),
  asked: 'resolve',
  decision: { action: request.action, step: request.step },
  details: { requestId: request.requestId },
  send: (handle, updateId, validUntil) =>
    handle.executeUpdate(resolveStep, { updateId, args: [{ ...request, validUntil }] }),
});

const idOf = (what: string, content: readonly string[]): string =>
  `${what}-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32)}`;

/**
 * Steers a saga.
 * @throws Problem 404 unknown, 409 refused with the present state, 503 undecided: then repeat the same request
 */
export async function steerSaga(
  deps: SteeringDeps,
  sagaId: string,
  request: SteerRequest,
  notFound: 'OrderNotFound' | 'SagaNotFound',
): Promise<Decision> {
  const handle = deps.temporal.workflow.getHandle(sagaId);
  try {
    return await decideInTime(deps, handle, request);
  } catch (error) {
    const ids = { ...idsOf(sagaId), ...request.details };
    if (isRefusedForItsStatus(error)) throw await refusedForItsStatus(deps, handle, ids, error);
    if (!(error instanceof WorkflowNotFoundError)) throw refusal(error, request.asked, ids);
    const earlier = await decisionOf(deps, handle, request.id);
    if (earlier) return earlier;
    throw await problemAfterEnd(deps, ids, request.asked, { cause: error, notFound });
  }
}

/**
 * The end of a request's validity is in Temporal's time. If it is refused as too late, although it is not by our
 * clock, one of the clocks was set: the difference is measured again, and the same request is sent once more.
 */
async function decideInTime(deps: SteeringDeps, handle: WorkflowHandle, request: SteerRequest): Promise<Decision> {
  const begun = performance.now();
  try {
    return await decide(deps, handle, request);
  } catch (error) {
    const isEarly = performance.now() - begun < DECIDED_WITHIN_MS / 2;
    if (!isEarly || refusalOf(error)?.type !== 'NotDecided') throw error;
    await deps.clock.measure();
    return await decide(deps, handle, request);
  }
}

async function decide(
  { clock, temporal }: SteeringDeps,
  handle: WorkflowHandle,
  request: SteerRequest,
): Promise<Decision> {
  const validUntil = new Date((await clock.now()) + DECIDED_WITHIN_MS).toISOString();
  return await askTemporal(temporal, DECIDED_WITHIN_MS + GRACE_MS, () => request.send(handle, request.id, validUntil));
}

const CODES: readonly RefusalCode[] = [
  ...(['AlreadyFulfilled', 'AlreadyUnwinding', 'ApprovalExpired', 'NotApplicable'] as const),
  ...(['Overtaken', 'RequestIdReused'] as const),
];

const isRefusal = (type: unknown): type is Exclude<RefusalCode, 'InvalidRequest' | 'NotDecided'> =>
  CODES.some((code) => code === type);

/**
 * The SDK's refusal of an Update that the workflow does not offer, which is final; a saga's own refusals have other
 * types.
 */
const isNotOffered = ({ type, nonRetryable }: ApplicationFailure): boolean => type === 'Error' && nonRetryable === true;
const TAKES_NONE = 'Its workflow takes no such request: it is no saga, or names its messages otherwise.';

/** The workflow's refusal of the request. */
const refusalOf = (error: unknown): ApplicationFailure | undefined =>
  error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure ? error.cause : undefined;

function refusal(error: unknown, asked: Asked, ids: ProblemDetails & SagaIds): unknown {
  const undecided =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof TemporalUnavailableError;
  if (undecided) return new Problem('NotDecided', ids, { cause: error });
  const refused = refusalOf(error);
  if (!refused) return error;
  const { type, details } = refused;
  const { state, blockedOn }: { state?: string; blockedOn?: string | null } = Object(details?.[0]);
  const present = { ...(state !== undefined && { state }), ...(blockedOn !== undefined && { blockedOn }) };
  const detail = sentenceFor(asked, state, ids);
  if (isRefusal(type)) {
    return new Problem(type, { ...(detail !== undefined && { detail }), ...ids, ...present }, { cause: error });
  }
  if (isNotOffered(refused)) return new Problem('NotApplicable', { ...ids, detail: TAKES_NONE }, { cause: error });
  // `NotDecided`, or Temporal's own refusal: the workflow closed or moved to a new run while the Update was running.
  return new Problem('NotDecided', ids, { cause: error });
}

/** A paused workflow accepts no Update. If it is not paused any more, nothing was decided. */
async function refusedForItsStatus(
  { temporal }: SteeringDeps,
  handle: WorkflowHandle,
  ids: ProblemDetails,
  cause: unknown,
): Promise<Problem> {
  const run = await askTemporal(temporal, PAUSED_PATIENCE_MS, () => handle.describe()).catch(() => undefined);
  const paused = run && pauseOf(run);
  return paused ? new Problem('SagaPaused', { ...ids, paused }, { cause }) : new Problem('NotDecided', ids, { cause });
}

/** The decision on this very request from before the workflow closed, as its history has it. */
async function decisionOf(deps: SteeringDeps, handle: WorkflowHandle, updateId: string): Promise<Decision | undefined> {
  return askTemporal(deps.temporal, ENDED_PATIENCE_MS, () => handle.getUpdateHandle<Decision>(updateId).result()).catch(
    () => undefined,
  );
}

/** No workflow accepts the Update: it has closed, or never existed. */
async function problemAfterEnd(
  deps: SteeringDeps,
  ids: ProblemDetails & SagaIds,
  asked: Asked,
  { cause, notFound }: { readonly cause: unknown; readonly notFound: 'OrderNotFound' | 'SagaNotFound' },
): Promise<Problem> {
  const status = await readSagaStatus(deps, ids.sagaId, { patience: ENDED_PATIENCE_MS });
  if (!status) return new Problem(notFound, {}, { cause });
  const { state } = status;
  const code = state === 'COMPLETED' ? 'AlreadyFulfilled' : 'AlreadyEnded';
  const detail = sentenceFor(asked, state, ids);
  return new Problem(code, { ...(detail !== undefined && { detail }), ...ids, state }, { cause });
}

/** The actor of a steering request: from the token, or from the body if authentication is off. */
export function actorOf(caller: Caller, named: string | undefined, standard: string): string {
  if (caller.actor === undefined) return named ?? standard;
  if (named === undefined || named === caller.actor) return caller.actor;
  const message = 'is the name that the credentials give: leave it out';
  throw new Problem('InvalidRequest', { errors: [{ field: 'actor', message }] });
}
