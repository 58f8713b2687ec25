import { z } from 'zod';
import { linksOf, orderLinksSchema } from '../../orders/accepted-answer.js';
import { money, orNull, sagaStateSchema, time, waitingFor } from '../../steering/shapes.js';
import { operation } from '../operation.js';
import { owner } from '../schemas/orders.js';
import { instant, next, paging, several, yesNo } from '../schemas/query.js';
import { ROLES } from '../../caller.js';
import { Problem } from '../../problems.js';
import { CUSTOMER_ID_PATTERN, orderId, PRODUCT_ID_PATTERN } from '../../orders/order-request.js';

const query = z.strictObject({
  state: several(sagaStateSchema, { $ref: '#/components/schemas/SagaState' }, 'states').optional(),
  waitsForApproval: yesNo
    .optional()
    .meta({ type: 'boolean', description: '`true`: only those that wait for an approval.' }),
  productId: z
    .string()
    .regex(PRODUCT_ID_PATTERN, 'is the id of a product')
    .optional()
    .meta({ description: 'Orders with a line of this product.' }),
  customerId: z.string().regex(CUSTOMER_ID_PATTERN, 'is the id of a customer').optional(),
  from: instant
    .optional()
    .meta({ description: 'The order was created at this time or later; applies with every filter.' }),
  to: instant.optional().meta({ description: 'The order was created before this time.' }),
  updatedFrom: instant.optional().meta({
    description:
      'Its saga changed last at this time or later. With this or `updatedTo` the list is sorted by `updatedAt`, oldest first.',
  }),
  updatedTo: instant.optional().meta({ description: 'Its saga changed last before this time.' }),
  ...paging,
});

const orderSummary = z
  .object({
    orderId,
    sagaId: z.string(),
    customerId: owner,
    createdAt: time,
    startedAt: time.nullable(),
    state: sagaStateSchema,
    reason: z.string().nullable(),
    blockedOn: z.string().nullable(),
    waitingFor,
    total: orNull(money),
    updatedAt: time,
    asOf: time,
    links: orderLinksSchema,
  })
  .meta({ id: 'OrderSummary' });

const orderList = z.object({ items: z.array(orderSummary).readonly(), next }).meta({ id: 'OrderList' });

export const listOrders = operation(
  {
    id: 'listOrders',
    method: 'get',
    path: '/api/orders',
    tag: 'orders',
    roles: ROLES,
    summary: 'Orders, newest first',
    description: 'From the read model; customers see their own. The cursor is stable while orders come and change.',
    query,
    conditional: true,
    answers: { 200: { description: 'A page.', body: orderList } },
    problems: ['OrdersUnavailable', 'JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ caller, query: { cursor, limit, state: states, waitsForApproval: waiting, ...filter } }) => {
      // A customer's list holds its own orders only; it may not ask for those of another customer.
      const own = caller.customerId;
      if (own !== undefined && (filter.customerId ?? own) !== own) {
        throw new Problem('Forbidden', { reason: 'OtherCustomer' });
      }
      const customerId = own ?? filter.customerId;
      const { items, next } = await journal.listOrders({ ...filter, states, waiting, customerId }, { cursor, limit });
      return {
        status: 200,
        body: { items: items.map((order) => ({ ...order, links: linksOf(order.orderId) })), next },
      };
    },
);
