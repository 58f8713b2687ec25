import { z } from 'zod';
import { AWAY, REFUSED } from '../decision.js';
import { requireSaga } from '../http/access.js';
import { decideSaga } from '../http/decide-saga.js';
import { idempotencyKey, ifMatch } from '../http/headers.js';
import { operation } from '../operation.js';
import { resolveDecisionSchema } from '../schemas/decisions.js';
import { sagaParams, stepName } from '../schemas/sagas.js';
import { actorOf, stepRequest } from '../../steering/steer.js';
import { STAFF } from '../../caller.js';
import { Problem } from '../../problems.js';
import { previewSchema, resolveBody } from '../schemas/preview.js';

const insteadOfRequestId = {
  ...idempotencyKey,
  schema: z.string().optional().meta({ description: 'Instead of `requestId` in the body.' }),
};

export const resolveStep = operation(
  {
    id: 'resolveStep',
    method: 'post',
    path: '/api/sagas/{sagaId}/steps/{step}/resolve',
    decides: { action: 'resolve', standard: 'operator' },
    tag: 'sagas',
    roles: STAFF,
    summary: 'Decide on a step that is blocked, or is being retried',
    description: 'Undecided within five seconds it answers 503; the same request id then finds the decision.',
    params: sagaParams.extend({ step: stepName }),
    headers: { ifMatch, idempotencyKey: insteadOfRequestId },
    body: { schema: resolveBody, example: { action: 'retry', reason: 'provider is back' } },
    answers: { 200: { description: 'The decision, acted on.', body: z.union([resolveDecisionSchema, previewSchema]) } },
    problems: ['SagaNotFound', ...REFUSED, 'Overtaken', ...AWAY],
  },
  (deps) => async (asked) => {
    const { caller, body, headers } = asked;
    const { sagaId, step } = asked.params;
    const actor = actorOf(caller, body.actor, 'operator');
    await requireSaga(deps, caller, sagaId);
    if (!stepName.safeParse(step).success) throw new Problem('NotApplicable', { sagaId });
    const requestId = body.requestId ?? headers.idempotencyKey() ?? crypto.randomUUID();
    const { action, reason } = body;
    const request = stepRequest({ requestId, step, action, actor, reason });
    const decided = await decideSaga(deps, asked, sagaId, { request, notFound: 'SagaNotFound' });
    if ('dryRun' in decided) return { status: 200, body: decided };
    return { status: 200, body: { ...decided, step, action, requestId } };
  },
);
