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
import type { ApiDeps } from '../api/deps.js';
import { pauseOf } from './pause.js';
import { sentenceFor, type Asked } from './refusal-sentences.js';
import { idsOf, type SagaIds } from './saga-ids.js';
import { readSagaStatus } from './status.js';
import { askTemporal, EngineUnavailableError, isRefusedForItsStatus } from '../platform/temporal/ask.js';
import { Problem, type ProblemDetails } from '../problems.js';
import type { Caller } from '../caller.js';

const DECIDED_WITHIN_MS = 5_000;
/** A decision that falls at the last moment still has to get here. */
const GRACE_MS = 250;
/** Of a workflow that has closed Temporal knows the verdict; its worker is not waited for long. */
const ENDED_PATIENCE_MS = 250;
const PAUSED_PATIENCE_MS = 1_500;

type Steering<Request extends SteeringRequest> = Omit<Request, 'validUntil'>;

/** What is asked of a saga. `id` is the same for the same request, so that its repeat finds the decision. */
export interface SteerRequest {
  readonly id: string;
  readonly asked: Asked;
  readonly details: ProblemDetails;
  readonly send: (handle: WorkflowHandle, updateId: string, validUntil: string) => Promise<Decision>;
}

const UPDATES = { cancel: cancelSaga, approve, reject } as const;
export type SagaDecision = keyof typeof UPDATES;

export const decisionRequest = (
  decision: SagaDecision,
  { actor, reason }: Steering<SteeringRequest>,
): SteerRequest => ({
  id: idOf(decision, [actor, reason]),
  asked: decision,
  details: {},
  send: (handle, updateId, validUntil) =>
    handle.executeUpdate(UPDATES[decision], { updateId, args: [{ actor, reason, validUntil }] }),
});

/** The content is part of the id: with other content the workflow is to see the request, and to refuse it (rule 18). */
export const stepRequest = (request: Steering<ResolveRequest>): SteerRequest => ({
  id: idOf('resolve', [request.requestId, request.step, request.action, request.actor, request.reason]),
  asked: 'resolve',
  details: { requestId: request.requestId },
  send: (handle, updateId, validUntil) =>
    handle.executeUpdate(resolveStep, { updateId, args: [{ ...request, validUntil }] }),
});

const idOf = (what: string, content: readonly string[]): string =>
  `${what}-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32)}`;

/** Throws a `Problem`: 404 unknown, 409 refused with the present state, 503 undecided; then the same request again. */
export async function steerSaga(
  deps: ApiDeps,
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
 * The time until which the request may be acted on is Temporal's. A refusal because that has passed, although it has not
 * by our reckoning, shows that one of the clocks was turned: it is measured, and the same request is sent once more.
 */
async function decideInTime(deps: ApiDeps, handle: WorkflowHandle, request: SteerRequest): Promise<Decision> {
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

async function decide({ clock, temporal }: ApiDeps, handle: WorkflowHandle, request: SteerRequest): Promise<Decision> {
  const validUntil = new Date((await clock.now()) + DECIDED_WITHIN_MS).toISOString();
  return await askTemporal(temporal, DECIDED_WITHIN_MS + GRACE_MS, () => request.send(handle, request.id, validUntil));
}

const CODES: readonly RefusalCode[] = [
  ...(['AlreadyFulfilled', 'AlreadyUnwinding', 'ApprovalExpired', 'NotApplicable'] as const),
  ...(['Overtaken', 'RequestIdReused'] as const),
];

const isRefusal = (type: unknown): type is Exclude<RefusalCode, 'InvalidRequest' | 'NotDecided'> =>
  CODES.some((code) => code === type);

/** So the SDK refuses an Update that the workflow does not offer, for good; each refusal of a saga has a type of its own. */
const isNotOffered = ({ type, nonRetryable }: ApplicationFailure): boolean => type === 'Error' && nonRetryable === true;
const TAKES_NONE = 'Its workflow takes no such request: it is no saga, or names its messages otherwise.';

/** What the workflow has refused the request with. */
const refusalOf = (error: unknown): ApplicationFailure | undefined =>
  error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure ? error.cause : undefined;

function refusal(error: unknown, asked: Asked, ids: ProblemDetails & SagaIds): unknown {
  const undecided =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof EngineUnavailableError;
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
  // `NotDecided`, and the engine's own: the workflow closed or was handed over while the Update was under way.
  return new Problem('NotDecided', ids, { cause: error });
}

/** A paused workflow takes no Update. One that goes on again by now has decided nothing. */
async function refusedForItsStatus(
  { temporal }: ApiDeps,
  handle: WorkflowHandle,
  ids: ProblemDetails,
  cause: unknown,
): Promise<Problem> {
  const run = await askTemporal(temporal, PAUSED_PATIENCE_MS, () => handle.describe()).catch(() => undefined);
  const paused = run && pauseOf(run);
  return paused ? new Problem('SagaPaused', { ...ids, paused }, { cause }) : new Problem('NotDecided', ids, { cause });
}

/** What was decided on this very request before the workflow closed, as its history has it. */
async function decisionOf(deps: ApiDeps, handle: WorkflowHandle, updateId: string): Promise<Decision | undefined> {
  return askTemporal(deps.temporal, ENDED_PATIENCE_MS, () => handle.getUpdateHandle<Decision>(updateId).result()).catch(
    () => undefined,
  );
}

/** No workflow takes the Update: it has closed, or there never was one. */
async function problemAfterEnd(
  deps: ApiDeps,
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

/** Who steers: the token says it. Where authentication is off, the body does. */
export function actorOf(caller: Caller, named: string | undefined, standard: string): string {
  if (caller.actor === undefined) return named ?? standard;
  if (named === undefined || named === caller.actor) return caller.actor;
  const message = 'is whoever the credentials name: leave it out';
  throw new Problem('InvalidRequest', { errors: [{ field: 'actor', message }] });
}
