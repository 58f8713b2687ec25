/** What there is for a caller: of orders and sagas that are not theirs, customers hear what they hear of none (404). */
import { ORDER_ID_PATTERN, orderIdOf, sagaIdOf } from '../order.js';
import type { StoredOrder } from '../orders/orders.js';
import type { Caller } from './caller.js';
import type { ApiDeps } from './deps.js';
import { Problem } from './problem.js';
import { SAGA_ID_PATTERN } from './saga-schemas.js';
import { viewOf } from './saga-status.js';

const isTheirs = ({ customerId }: Caller, owner: string): boolean => customerId === undefined || customerId === owner;

/** An order that is not confirmed to have started is not accepted yet, and reads as not there, unless its saga speaks. */
export async function acceptedOrder(deps: ApiDeps, caller: Caller, orderId: string): Promise<StoredOrder> {
  const order = ORDER_ID_PATTERN.test(orderId) ? await deps.orders.get(orderId) : undefined;
  const accepted = order && (order.startedAt !== null || (await viewOf(deps, sagaIdOf(orderId))) !== undefined);
  if (!order || !accepted || !isTheirs(caller, order.customerId)) throw new Problem('OrderNotFound');
  return order;
}

/** Before an order is steered: whoever may see all needs no look at its row. */
export async function requireOrder(deps: ApiDeps, caller: Caller, orderId: string): Promise<void> {
  if (!ORDER_ID_PATTERN.test(orderId)) throw new Problem('OrderNotFound');
  if (caller.customerId !== undefined) await acceptedOrder(deps, caller, orderId);
}

/** Before a saga is read. */
export async function requireSaga(deps: ApiDeps, caller: Caller, sagaId: string): Promise<void> {
  const orderId = orderIdOf(sagaId);
  if (!SAGA_ID_PATTERN.test(sagaId) || !ORDER_ID_PATTERN.test(orderId)) throw new Problem('SagaNotFound');
  if (caller.customerId === undefined) return;
  const order = await deps.orders.get(orderId);
  if (!order || !isTheirs(caller, order.customerId)) throw new Problem('SagaNotFound');
}
