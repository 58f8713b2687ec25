import { AWAY, decideOnSaga, decision } from '../decision.js';
import { operation } from '../operation.js';
import { sagaDecisionSchema } from '../schemas/orders.js';
import { sagaParams } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';
import { decisionBody } from '../schemas/preview.js';

export const approveSaga = operation(
  decision({
    id: 'approveSaga',
    path: '/api/sagas/{sagaId}/approve',
    decides: { action: 'approve', standard: 'operator' },
    tag: 'sagas',
    roles: STAFF,
    summary: 'Approve a saga that waits for it',
    description: 'The saga goes on.',
    params: sagaParams,
    body: { schema: decisionBody, example: { reason: 'known customer' } },
    decided: sagaDecisionSchema,
    problems: ['SagaNotFound', ...AWAY],
  }),
  (deps) => async (asked) => ({ status: 200, body: await decideOnSaga(deps, asked, 'approve') }),
);
