/** One decision on one saga, asked for by HTTP: the same for an order's routes and for those of any saga. */
import type { Request } from 'express';
import type { Decision } from '../../workflows/messages.js';
import { requireMatch } from '../http/etag.js';
import type { ApiDeps } from '../deps.js';
import { idsOf, type SagaIds } from '../../steering/saga-ids.js';
import { readSagaStatus, statusTag } from '../../steering/status.js';
import { steerSaga, type SteerRequest } from '../../steering/steer.js';
import { Problem } from '../../problems.js';

/**
 * Accepted and acted on; whether the caller may ask is checked before. With `If-Match` only on the state that was seen.
 *
 * @throws Problem 404 `notFound`, 409 refused with the present state, 412 changed meanwhile, 503 undecided
 */
export async function decideSaga(
  deps: ApiDeps,
  req: Request,
  sagaId: string,
  { request, notFound }: { readonly request: SteerRequest; readonly notFound: 'OrderNotFound' | 'SagaNotFound' },
): Promise<SagaIds & Decision> {
  const ids = idsOf(sagaId);
  await requireMatch(req, async () => {
    const now = await readSagaStatus(deps, sagaId, { fresh: true });
    if (!now) throw new Problem(notFound);
    return { tag: statusTag(now), details: { ...ids, state: now.state, blockedOn: now.blockedOn ?? null } };
  });
  const decision = await steerSaga(deps, sagaId, request, notFound);
  req.log.info({ ...ids, decision: request.asked, ...request.details, state: decision.state }, 'decision accepted');
  return { ...ids, ...decision };
}
