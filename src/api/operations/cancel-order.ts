import { decideOnOrder, decision } from '../decision.js';
import { operation } from '../operation.js';
import { decisionSchema, orderParams } from '../schemas/orders.js';
import { CUSTOMER, ROLES } from '../../caller.js';
import { cancelBody } from '../schemas/preview.js';

/** The history gets the code and `customer`; the customer's comment is kept with the order only. */
export const cancelOrder = operation(
  decision({
    id: 'cancelOrder',
    path: '/api/orders/{orderId}/cancel',
    decides: { action: 'cancel', standard: CUSTOMER },
    tag: 'orders',
    roles: ROLES,
    summary: 'Cancel an order',
    description: 'Accepted and acted on, or refused with the present state.',
    params: orderParams,
    body: { schema: cancelBody, example: { reason: 'ordered_by_mistake' } },
    decided: decisionSchema,
    problems: ['OrderNotFound'],
  }),
  (deps) => async (asked) => {
    const { reason, comment } = asked.body;
    const body = await decideOnOrder(deps, asked, 'cancel', CUSTOMER);
    if ('dryRun' in body) return { status: 200, body };
    // If this fails, the answer is the failure: the same request again finds the decision, and stores the comment.
    await deps.orders.keepCancellation(asked.params.orderId, { reason, comment });
    return { status: 200, body };
  },
);
