import { AWAY, decideOnSaga, decision } from '../decision.js';
import { operation } from '../operation.js';
import { sagaDecisionSchema } from '../schemas/orders.js';
import { sagaParams } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';
import { decisionBody } from '../schemas/preview.js';

export const cancelSaga = operation(
  decision({
    id: 'cancelSaga',
    path: '/api/sagas/{sagaId}/cancel',
    decides: { action: 'cancel', standard: 'operator' },
    tag: 'sagas',
    roles: STAFF,
    summary: 'Cancel a saga',
    description: 'Accepted and acted on, or refused with the present state.',
    params: sagaParams,
    body: { schema: decisionBody, example: { reason: 'the traveller is ill' } },
    decided: sagaDecisionSchema,
    problems: ['SagaNotFound', ...AWAY],
  }),
  (deps) => async (asked) => ({ status: 200, body: await decideOnSaga(deps, asked, 'cancel') }),
);
