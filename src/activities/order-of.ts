import { Context } from '@temporalio/activity';
import type { Order } from '../order.js';
import type { OrderRef, OrderReader } from './activities.js';
import { fault } from './failures.js';

/**
 * What the customer asked for, read where it is needed: it never passes through Temporal.
 *
 * @throws ApplicationFailure, retried: the database is away, or the row is not there
 */
export async function orderOf(orders: OrderReader, { orderId }: OrderRef): Promise<Order> {
  const { info, log } = Context.current();
  const order = await orders.get(orderId).catch((error: unknown) => {
    throw fault('ServiceUnreachable', `orders: ${error instanceof Error ? error.name : 'unreachable'}`, info.attempt);
  });
  if (order) return order;
  log.error('An order without a row in orders', { alert: 'OperationalFault', orderId });
  throw fault('OperationalFault', `No order ${orderId} in orders`, info.attempt);
}
