import { AWAY, decideOnSaga, decision } from '../decision.js';
import { operation } from '../operation.js';
import { sagaDecisionSchema } from '../schemas/orders.js';
import { sagaParams } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';
import { decisionBody } from '../schemas/preview.js';

export const rejectSaga = operation(
  decision({
    id: 'rejectSaga',
    path: '/api/sagas/{sagaId}/reject',
    decides: { action: 'reject', standard: 'operator' },
    tag: 'sagas',
    roles: STAFF,
    summary: 'Reject a saga that waits for approval',
    description: 'The saga is undone, and ends as FAILED with the reason `ApprovalRejected`.',
    params: sagaParams,
    body: { schema: decisionBody, example: { reason: 'no answer from the customer' } },
    decided: sagaDecisionSchema,
    problems: ['SagaNotFound', ...AWAY],
  }),
  (deps) => async (asked) => ({ status: 200, body: await decideOnSaga(deps, asked, 'reject') }),
);
