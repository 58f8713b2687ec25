/** Access checks. For another customer's order or saga the answer is 404, as if it did not exist. */
import { ORDER_ID_PATTERN, orderIdOf, sagaIdOf } from '../../order.js';
import type { StoredOrder } from '../../orders/store/orders.js';
import type { ApiDeps } from '../deps.js';
import { isAsOldAs } from '../../orders/order-standing.js';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';
import { viewOf } from '../../steering/saga-view.js';
import type { Caller } from '../../caller.js';
import { Problem } from '../../problems.js';

/** A forgotten order has no owner any more. */
const isTheirs = ({ customerId }: Caller, { customerId: owner, forgottenAt }: StoredOrder): boolean =>
  customerId === undefined || (customerId === owner && !forgottenAt);

/** An order without a confirmed start is not accepted, and reads as not there unless its saga exists. */
async function readAccepted(deps: ApiDeps, caller: Caller, orderId: string): Promise<StoredOrder | undefined> {
  const order = ORDER_ID_PATTERN.test(orderId) ? await deps.orders.get(orderId) : undefined;
  if (!order || !isTheirs(caller, order)) return undefined;
  if (order.startedAt !== null) return order;
  const saga = await viewOf(deps, sagaIdOf(orderId));
  return saga && isAsOldAs(order, saga) ? order : undefined;
}

export async function acceptedOrder(deps: ApiDeps, caller: Caller, orderId: string): Promise<StoredOrder> {
  const order = await readAccepted(deps, caller, orderId);
  if (!order) throw new Problem('OrderNotFound');
  return order;
}

/** Checks access before an order is steered. A caller that may see all orders needs no look at the row. */
export async function requireOrder(deps: ApiDeps, caller: Caller, orderId: string): Promise<void> {
  if (!ORDER_ID_PATTERN.test(orderId)) throw new Problem('OrderNotFound');
  if (caller.customerId !== undefined) await acceptedOrder(deps, caller, orderId);
}

/**
 * Checks access before a saga is read or steered. Customers see the sagas of their own orders; a saga that is not an
 * order's is visible to staff only.
 */
export async function requireSaga(deps: ApiDeps, caller: Caller, sagaId: string): Promise<void> {
  if (!SAGA_ID_PATTERN.test(sagaId)) throw new Problem('SagaNotFound');
  if (caller.customerId === undefined) return;
  const orderId = orderIdOf(sagaId);
  if (orderId === undefined || !(await readAccepted(deps, caller, orderId))) throw new Problem('SagaNotFound');
}
