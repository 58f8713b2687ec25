/** The input of a workflow of this type, checked before it calls a service. */
import { ORDER_ID_PATTERN } from '../order.js';
import { refuseSaga } from '../saga/saga.js';
import type { OrderFulfillmentInput, SagaPolicy } from './messages.js';

const NEEDED = ['attemptTimeout', 'stepTimeout', 'retriableBudget', 'compensationBudget', 'deadline'] as const;

/** @throws ApplicationFailure `SagaRefused` for an input without its order's id or its policy */
export function requireInput(input: unknown): void {
  const { orderId, policy }: Partial<OrderFulfillmentInput> = Object(input);
  if (typeof orderId !== 'string' || !ORDER_ID_PATTERN.test(orderId)) refuseSaga('The input names no order');
  const known: Partial<SagaPolicy> = Object(policy);
  const missing = NEEDED.filter((name) => !(Number.isFinite(known[name]) && Number(known[name]) > 0));
  if (missing.length > 0) refuseSaga(`The input of ${orderId} lacks its policy: ${missing.join(', ')}`);
}
