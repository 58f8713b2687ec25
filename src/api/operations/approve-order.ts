import { decideOnOrder, decision } from '../decision.js';
import { operation } from '../operation.js';
import { decisionSchema, orderParams } from '../schemas/orders.js';
import { STAFF } from '../../caller.js';
import { decisionBody } from '../schemas/preview.js';

export const approveOrder = operation(
  decision({
    id: 'approveOrder',
    path: '/api/orders/{orderId}/approve',
    decides: { action: 'approve', standard: 'operator' },
    tag: 'orders',
    roles: STAFF,
    summary: 'Approve an order that waits for it',
    description: 'The order goes on to its payment.',
    params: orderParams,
    body: { schema: decisionBody, example: { reason: 'known customer' } },
    decided: decisionSchema,
    problems: ['OrderNotFound'],
  }),
  (deps) => async (asked) => ({ status: 200, body: await decideOnOrder(deps, asked, 'approve') }),
);
