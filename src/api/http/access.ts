/** Access checks. For another customer's order or saga the answer is 404, as if it did not exist. */
import type { Caller } from '../../caller.js';
import { orderIdOf } from '../../order.js';
import { findAccepted, type AccessDeps } from '../../orders/access.js';
import { Problem } from '../../problems.js';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';

/**
 * To be called before a saga is read or steered. A saga that belongs to no order is for staff only.
 *
 * @throws Problem `SagaNotFound`
 */
export async function requireSaga(deps: AccessDeps, caller: Caller, sagaId: string): Promise<void> {
  if (!SAGA_ID_PATTERN.test(sagaId)) throw new Problem('SagaNotFound');
  if (caller.customerId === undefined) return;
  const orderId = orderIdOf(sagaId);
  if (orderId === undefined || !(await findAccepted(deps, caller, orderId))) throw new Problem('SagaNotFound');
}
