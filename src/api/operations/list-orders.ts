/** GET /api/orders: pages of orders, from the read model. */
import type { Request, Response } from 'express';
import { callerOf } from '../http/caller.js';
import { sendTagged } from '../http/etag.js';
import type { ApiDeps } from '../deps.js';
import { linksOf } from '../../orders/accepted-answer.js';
import { orderListQuerySchema, type OrderList } from '../schemas/pages.js';
import { parseQuery } from '../../platform/validate.js';
import { Problem } from '../../problems.js';

/** A customer's list is of its own orders, whatever it asks for; another's it may not ask for. */
export async function listOrders({ journal }: ApiDeps, req: Request, res: Response): Promise<void> {
  const {
    cursor,
    limit,
    state: states,
    waitsForApproval: waiting,
    ...filter
  } = parseQuery(orderListQuerySchema, req.query);
  const own = callerOf(req).customerId;
  if (own !== undefined && (filter.customerId ?? own) !== own) {
    throw new Problem('Forbidden', { reason: 'OtherCustomer' });
  }
  const customerId = own ?? filter.customerId;
  const { items, next } = await journal.listOrders({ ...filter, states, waiting, customerId }, { cursor, limit });
  const page: OrderList = { items: items.map((order) => ({ ...order, links: linksOf(order.orderId) })), next };
  sendTagged(req, res, page);
}
