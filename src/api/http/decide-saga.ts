/** One decision on one saga, asked for by HTTP: the same for orders and for sagas of any type. */
import type { Request } from 'express';
import { idsOf, type SagaIds } from '../../steering/saga-ids.js';
import { previewSaga, type SagaPreview } from '../../steering/preview-saga.js';
import { readSagaStatus } from '../../steering/status.js';
import { steerSaga, type SteerRequest } from '../../steering/steer.js';
import type { Decision } from '../../workflows/messages.js';
import type { ApiDeps } from '../deps.js';
import { requireMatch, statusTag } from './etag.js';
import { Problem } from '../../problems.js';

/** A request whose `If-Match` is heeded. */
export interface Conditional {
  readonly req: Request;
  readonly headers: { readonly ifMatch: () => string | undefined };
  /** With `dryRun` nothing is decided. */
  readonly body: { readonly dryRun: boolean };
}

/**
 * Accepted and acted on. Checks before that the state is the one that `If-Match` names; that the caller may decide is
 * checked by the operation.
 *
 * @throws Problem 404 `notFound`, 409 refused with the present state, 412 if the state has changed, 503 undecided
 */
export async function decideSaga(
  deps: ApiDeps,
  { req, headers, body: { dryRun } }: Conditional,
  sagaId: string,
  { request, notFound }: { readonly request: SteerRequest; readonly notFound: 'OrderNotFound' | 'SagaNotFound' },
): Promise<(SagaIds & Decision) | SagaPreview> {
  const ids = idsOf(sagaId);
  await requireMatch(headers.ifMatch(), async () => {
    const now = await readSagaStatus(deps, sagaId, { fresh: true });
    if (!now) throw new Problem(notFound);
    return { tag: statusTag(now), details: { ...ids, state: now.state, blockedOn: now.blockedOn ?? null } };
  });
  if (dryRun) return previewSaga(deps, sagaId, request.decision, notFound);
  const decision = await steerSaga(deps, sagaId, request, notFound);
  req.log.info({ ...ids, decision: request.asked, ...request.details, state: decision.state }, 'decision accepted');
  return { ...ids, ...decision };
}
