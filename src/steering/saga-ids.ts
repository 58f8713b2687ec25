/** The ids of a saga: its workflow's id, and for an order's saga the order's id as well. */
import { orderIdOf } from '../order.js';

/** Characters that pass through a URL unchanged. The id of an order's saga is `order-` and the order's id. */
export const SAGA_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,199}$/;

export interface SagaIds {
  readonly sagaId: string;
  /** For an order's saga only. */
  readonly orderId?: string;
}

/** The ids of a saga; `orderId` only if it is an order's saga. */
export function idsOf(sagaId: string): SagaIds {
  const orderId = orderIdOf(sagaId);
  return { ...(orderId !== undefined && { orderId }), sagaId };
}
