/** How a saga is named: by its workflow's id, and an order's saga by its order's id as well. */
import { orderIdOf } from '../order.js';

/** What goes through an address unchanged. An order's saga is `order-` and the order's id. */
export const SAGA_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,199}$/;

export interface SagaIds {
  readonly sagaId: string;
  /** Of an order's saga only. */
  readonly orderId?: string;
}

export function idsOf(sagaId: string): SagaIds {
  const orderId = orderIdOf(sagaId);
  return { ...(orderId !== undefined && { orderId }), sagaId };
}
