import { operation } from '../operation.js';
import { orderView, readOrder } from '../order-view.js';
import { orderParams, orderSchema } from '../schemas/orders.js';
import { ROLES } from '../../caller.js';
import { statusTag } from '../http/etag.js';

export const getOrder = operation(
  {
    id: 'getOrder',
    method: 'get',
    path: '/api/orders/{orderId}',
    tag: 'orders',
    roles: ROLES,
    summary: 'What was ordered, and how it stands',
    params: orderParams,
    conditional: true,
    answers: { 200: { description: 'The order.', body: orderSchema } },
    problems: ['InvalidRequest', 'OrderNotFound', 'OrdersUnavailable'],
  },
  (deps) =>
    async ({ caller, params }) => {
      const read = await readOrder(deps, caller, params.orderId);
      return { status: 200, state: statusTag(read.status), body: orderView(read) };
    },
);
