/** A customer's cancel: an Update that is accepted and acted on, refused with the reason, or not decided (rule 24). */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { sagaIdOf } from '../order.js';
import { cancelOrder, type Decision } from '../workflows/messages.js';
import type { ApiDeps } from './deps.js';
import { Problem } from './problem.js';
import { readSagaStatus } from './saga-status.js';
import { askTemporal, EngineUnavailableError } from './temporal.js';

const DECIDED_WITHIN_MS = 5_000;
/** A decision that falls at the last moment still has to get here. */
const GRACE_MS = 250;
/** Of a workflow that has closed Temporal knows the verdict; its worker is not waited for long. */
const ENDED_PATIENCE_MS = 250;

/** Throws a `Problem`: 404 unknown, 409 refused with the present state, 503 undecided; then the same request again. */
export async function requestCancel(
  deps: ApiDeps,
  orderId: string,
  { actor, reason }: { actor: string; reason: string },
): Promise<Decision> {
  const handle = deps.temporal.workflow.getHandle(sagaIdOf(orderId));
  // The same request has the same id: repeated, it finds the decision that the first one may have brought about.
  const updateId = `cancel-${createHash('sha256')
    .update(JSON.stringify([actor, reason]))
    .digest('hex')
    .slice(0, 32)}`;
  const validUntil = new Date(Date.now() + DECIDED_WITHIN_MS).toISOString();
  try {
    return await askTemporal(deps.temporal, DECIDED_WITHIN_MS + GRACE_MS, () =>
      handle.executeUpdate(cancelOrder, { updateId, args: [{ actor, reason, validUntil }] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await ended(deps, orderId, error);
    throw refusal(error, orderId);
  }
}

function refusal(error: unknown, orderId: string): unknown {
  const ids = { orderId, sagaId: sagaIdOf(orderId) };
  const undecided =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof EngineUnavailableError;
  if (undecided) return new Problem('NotDecided', ids, { cause: error });
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) return error;
  const { type, details } = error.cause;
  const { state }: { state?: string } = Object(details?.[0]);
  if (type === 'AlreadyFulfilled' || type === 'AlreadyUnwinding') {
    return new Problem(type, { ...ids, ...(state !== undefined && { state }) }, { cause: error });
  }
  // `NotDecided`, and the engine's own: the workflow closed or was handed over while the Update was under way.
  return new Problem('NotDecided', ids, { cause: error });
}

/** No workflow takes the Update: it has closed, or there never was one. */
async function ended(deps: ApiDeps, orderId: string, cause: unknown): Promise<Problem> {
  const sagaId = sagaIdOf(orderId);
  const status = await readSagaStatus(deps, sagaId, ENDED_PATIENCE_MS);
  if (!status) return new Problem('OrderNotFound', { orderId }, { cause });
  const code = status.state === 'COMPLETED' ? 'AlreadyFulfilled' : 'AlreadyEnded';
  return new Problem(code, { orderId, sagaId, state: status.state }, { cause });
}
