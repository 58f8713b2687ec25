import { decideOnOrder, decision } from '../decision.js';
import { operation } from '../operation.js';
import { decisionSchema, orderParams } from '../schemas/orders.js';
import { STAFF } from '../../caller.js';
import { decisionBody } from '../schemas/preview.js';

export const rejectOrder = operation(
  decision({
    id: 'rejectOrder',
    path: '/api/orders/{orderId}/reject',
    decides: { action: 'reject', standard: 'operator' },
    tag: 'orders',
    roles: STAFF,
    summary: 'Reject an order that waits for approval',
    description: 'The order is undone, and ends as FAILED with the reason `ApprovalRejected`.',
    params: orderParams,
    body: { schema: decisionBody, example: { reason: 'no answer from the customer' } },
    decided: decisionSchema,
    problems: ['OrderNotFound'],
  }),
  (deps) => async (asked) => ({ status: 200, body: await decideOnOrder(deps, asked, 'reject') }),
);
