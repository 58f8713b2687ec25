/**
 * Order fulfillment: an order is reserved, paid, shipped and confirmed, or undone.
 *
 *    reserve_inventory ──► [approval] ──► process_payment ──► create_shipment ──► send_confirmation ──► COMPLETED
 *           │                   │                │                  │
 *    releaseReservation ◄── (rejected) ◄── refundPayment ◄── cancelShipment ◄──── refused, timed out, cancelled
 *           │
 *    sendCancellationNotice ──► FAILED | CANCELLED
 *
 * Each step's service, its compensation and its budget stand in order-steps.ts.
 */
import { workflowInfo } from '@temporalio/workflow';
import { sagaIdOf, type Money } from '../order.js';
import { defineSaga, last } from '../saga/saga.js';
import { requireInput } from './input.js';
import { SAGA_TYPE, type OrderFulfillmentInput, type SagaPolicy } from './messages.js';
import { activitiesOn, orderSteps } from './order-steps.js';
import { showInWebUi } from './visibility.js';

/** Fulfils one order. A business refusal is an outcome: the workflow completes, with FAILED and the reason. */
export const orderFulfillment = defineSaga(
  {
    type: SAGA_TYPE,
    check: requireInput,
    id: ({ orderId }: OrderFulfillmentInput) => sagaIdOf(orderId),
    data: ({ orderId, orderedAt }) => ({ orderId, ...(orderedAt !== undefined && { orderedAt }) }),
    deadline: ({ policy }) => policy.deadline,
    steps: ({ policy }) => orderSteps(policy),
    afterUnwinding: ({ notice }, { orderId }) => last(notice, { orderId }),
    storeJournal: ({ policy }) => (policy.journal ? activitiesOn(workflowInfo().taskQueue).storeJournal : undefined),
    historyLimit: ({ policy }) => policy.historyLimit,
    onEntry: showInWebUi,
  },
  async (saga, { reserve, pay, ship, confirm }, { orderId, policy }) => {
    const { total } = await saga.run(reserve, { orderId });
    if (needsApproval(total, policy)) await saga.awaitApproval('order', policy.approvalTimeout ?? policy.deadline);
    await saga.run(pay, { orderId, total });
    await saga.run(ship, { orderId });
    await saga.last(confirm, { orderId });
  },
);

function needsApproval({ amount, currency }: Money, { approvalAbove = [] }: SagaPolicy): boolean {
  const limit = approvalAbove.find((other) => other.currency === currency);
  return limit ? amount > limit.amount : approvalAbove.length > 0;
}
