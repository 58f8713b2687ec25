/**
 * Fills in the parts that an order leaves out: its id, its customer, and in development the stored data of the demo
 * customer.
 */
import { randomUUID } from 'node:crypto';
import type { Order } from '../order.js';
import { mergeItems } from './store/fingerprint.js';
import { DEMO_CUSTOMER, type OrderStore } from './store/orders.js';
import { invalidRequest } from '../platform/validate.js';
import type { Caller } from '../caller.js';
import { Problem, type FieldError } from '../problems.js';
import type { OrderRequest } from './order-request.js';

export interface CompleteDeps {
  readonly orders: Pick<OrderStore, 'customer'>;
  /** Fills in the demo customer where an order leaves out who pays and where it goes. */
  readonly demoData: boolean;
}

/** @throws Problem `Forbidden` for the order of another customer, `InvalidRequest` if a part is still missing */
export async function completeOrder(deps: CompleteDeps, request: OrderRequest, caller: Caller): Promise<Order> {
  const { orderId = randomUUID(), items, paymentMethod, shippingAddress, metadata } = request;
  if (caller.customerId !== undefined && (request.customerId ?? caller.customerId) !== caller.customerId) {
    const detail = 'A customer orders for itself: leave the customer id out.';
    throw new Problem('Forbidden', { detail, reason: 'OtherCustomer' });
  }
  const customerId = request.customerId ?? caller.customerId;
  const known = { orderId, items: mergeItems(items), ...(metadata && { metadata }) };
  if (customerId !== undefined && paymentMethod !== undefined && shippingAddress !== undefined) {
    return { ...known, customerId, paymentMethod, shippingAddress };
  }
  const demo = deps.demoData ? await deps.orders.customer(DEMO_CUSTOMER.customerId) : undefined;
  if (!demo) throw invalidRequest(missingFields({ ...request, customerId }));
  return {
    ...known,
    customerId: customerId ?? demo.customerId,
    paymentMethod: paymentMethod ?? demo.paymentMethod,
    shippingAddress: shippingAddress ?? demo.shippingAddress,
  };
}

const missingFields = (request: OrderRequest): FieldError[] =>
  (['customerId', 'paymentMethod', 'shippingAddress'] as const)
    .filter((field) => request[field] === undefined)
    .map((field) => ({ field, message: 'is required' }));
