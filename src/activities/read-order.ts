import { Context } from '@temporalio/activity';
import type { Order } from '../order.js';
import { kindOf } from '../platform/reason.js';
import type { OrderRef, OrderReader } from './activities.js';
import { fault } from './service/failures.js';
import { attemptNumber } from './interceptors/slots.js';

/**
 * How an action is called for. Of a forgotten order there is nothing left to act on: a run that was reset asks what the
 * participant has done, so that the order stands as it is.
 */
export const actionOf = ({ forgottenAt }: Order, body: object) =>
  forgottenAt ? ({ method: 'GET' } as const) : ({ method: 'PUT', body } as const);

/**
 * What the customer asked for, read where it is needed: it never passes through Temporal.
 *
 * @throws ApplicationFailure, retried: the database is away, or the row is not there
 */
export async function orderOf(orders: OrderReader, { orderId }: OrderRef): Promise<Order> {
  const { log } = Context.current();
  const order = await orders.get(orderId).catch((error: unknown) => {
    throw fault('ServiceUnreachable', `orders: ${kindOf(error)}`, attemptNumber());
  });
  if (order) return order;
  log.error('An order without a row in orders', { alert: 'OperationalFault', orderId });
  throw fault('OperationalFault', `No order ${orderId} in orders`, attemptNumber());
}
