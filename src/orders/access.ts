/** Access to orders. For another customer's order the answer is 404, as if it did not exist. */
import type { Caller } from '../caller.js';
import { ORDER_ID_PATTERN, sagaIdOf } from '../order.js';
import { DatabaseUnavailableError } from '../platform/database/unavailable.js';
import { Problem } from '../problems.js';
import { isAsOldAs, type SagaLookup } from './order-standing.js';
import type { OrderStore, StoredOrder } from './store/orders.js';

export interface AccessDeps {
  readonly orders: Pick<OrderStore, 'get'>;
  readonly journal: SagaLookup;
}

/** A forgotten order belongs to no customer any more. */
const isTheirs = ({ customerId }: Caller, { customerId: owner, forgottenAt }: StoredOrder): boolean =>
  customerId === undefined || (customerId === owner && !forgottenAt);

/**
 * An order that is not confirmed to have started is not accepted yet, and reads as not there, unless the read model has
 * its saga.
 */
export async function findAccepted(
  { orders, journal }: AccessDeps,
  caller: Caller,
  orderId: string,
): Promise<StoredOrder | undefined> {
  const order = ORDER_ID_PATTERN.test(orderId) ? await orders.get(orderId) : undefined;
  if (!order || !isTheirs(caller, order)) return undefined;
  if (order.startedAt !== null) return order;
  const saga = await journal.getSaga(sagaIdOf(orderId)).catch((error: unknown) => {
    if (error instanceof DatabaseUnavailableError) return undefined;
    throw error;
  });
  return saga && saga.version > 0 && isAsOldAs(order, saga) ? order : undefined;
}

/** @throws Problem `OrderNotFound` if the order is not accepted, or is another customer's */
export async function acceptedOrder(deps: AccessDeps, caller: Caller, orderId: string): Promise<StoredOrder> {
  const order = await findAccepted(deps, caller, orderId);
  if (!order) throw new Problem('OrderNotFound');
  return order;
}

/**
 * To be called before an order is steered. The order of a caller who may see all orders is not looked up.
 *
 * @throws Problem `OrderNotFound`
 */
export async function requireOrder(deps: AccessDeps, caller: Caller, orderId: string): Promise<void> {
  if (!ORDER_ID_PATTERN.test(orderId)) throw new Problem('OrderNotFound');
  if (caller.customerId !== undefined) await acceptedOrder(deps, caller, orderId);
}
