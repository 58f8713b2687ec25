/**
 * Order fulfillment: an order is reserved, paid, shipped and confirmed, or undone.
 *
 *    reserve_inventory ──► [approval] ──► process_payment ──► create_shipment ──► send_confirmation ──► COMPLETED
 *           │                   │                │                  │
 *    releaseReservation ◄── (rejected) ◄── refundPayment ◄── cancelShipment ◄──── refused, timed out, cancelled
 *           │
 *    sendCancellationNotice ──► FAILED | CANCELLED
 */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import { formatMoney, REFUSALS, sagaIdOf, type Money } from '../order.js';
import { compensatable, retriable, runSaga, type Budget, type CarriedSaga, type SagaOutcome } from '../saga/saga.js';
import * as messages from './messages.js';
import { showInWebUi } from './visibility.js';

/** Time-outs are the budgets' (see `orderSteps`); this one is only what Temporal asks for. */
const call = proxyActivities<Activities>({ startToCloseTimeout: '10s' });

const text = (summary: string) => ({ summary: () => summary });

/** What undoes what, and how long each may take. Every call names its effect by the order's id alone. */
function orderSteps({
  attemptTimeout: attempt,
  stepTimeout,
  compensationBudget,
  retriableBudget,
}: messages.SagaPolicy) {
  const act = { attempt, total: stepTimeout };
  const undo = { attempt, total: compensationBudget };
  const mail = { attempt, total: retriableBudget };
  const refund = ({ total }: { total: Money }): string => `process_payment: refund ${formatMoney(total)}`;
  const charge = ({ total }: { total: Money }): string => `process_payment: charge ${formatMoney(total)}`;
  return {
    reserve: compensatable(
      'reserve_inventory',
      {
        activity: call.reserveInventory,
        budget: act,
        refusals: REFUSALS.reserveInventory,
        ...text('reserve_inventory'),
      },
      {
        activity: call.releaseReservation,
        budget: undo,
        refusals: REFUSALS.releaseReservation,
        ...text('reserve_inventory: release the stock'),
      },
    ),
    pay: compensatable(
      'process_payment',
      { activity: call.processPayment, budget: act, refusals: REFUSALS.processPayment, summary: charge },
      { activity: call.refundPayment, budget: undo, refusals: REFUSALS.refundPayment, summary: refund },
    ),
    ship: compensatable(
      'create_shipment',
      { activity: call.createShipment, budget: act, refusals: REFUSALS.createShipment, ...text('create_shipment') },
      {
        activity: call.cancelShipment,
        budget: undo,
        refusals: REFUSALS.cancelShipment,
        ...text('create_shipment: cancel the parcel'),
      },
    ),
    ...mails(mail),
  };
}

/** What is sent at the end, whichever it is. Mail that cannot be delivered is a dead letter and blocks nothing. */
function mails(budget: Budget) {
  return {
    confirm: retriable(
      'send_confirmation',
      { activity: call.sendConfirmation, budget, refusals: REFUSALS.sendConfirmation, ...text('send_confirmation') },
      { onExhausted: 'deadLetter' },
    ),
    notice: retriable(
      'send_cancellation_notice',
      {
        activity: call.sendCancellationNotice,
        budget,
        refusals: REFUSALS.sendCancellationNotice,
        ...text('send_cancellation_notice'),
      },
      { onExhausted: 'deadLetter' },
    ),
  };
}

/** Fulfils one order. A business refusal is an outcome: the workflow completes, and says FAILED and why. */
export async function orderFulfillment(
  input: messages.OrderFulfillmentInput,
  carried?: CarriedSaga,
): Promise<SagaOutcome> {
  const { orderId, policy } = input;
  const { reserve, pay, ship, confirm, notice } = orderSteps(policy);
  return runSaga(
    {
      sagaType: messages.SAGA_TYPE,
      sagaId: sagaIdOf(orderId),
      data: { orderId },
      steps: [reserve, pay, ship, confirm],
      deadline: policy.deadline,
      messages: {
        state: messages.getSagaState,
        journal: messages.getSagaJournal,
        cancel: messages.cancelOrder,
        resolve: messages.resolveStep,
        approve: messages.approveOrder,
        reject: messages.rejectOrder,
      },
      onEntry: showInWebUi,
      afterUnwinding: (run) => run(notice, { orderId }),
      continueAsNew: (blocked) => continueAsNew<typeof orderFulfillment>(input, blocked),
      ...(policy.historyLimit !== undefined && { historyLimit: policy.historyLimit }),
    },
    async (saga) => {
      const { total } = await saga.run(reserve, { orderId });
      if (needsApproval(total, policy)) await saga.awaitApproval('order', policy.approvalTimeout ?? policy.deadline);
      await saga.run(pay, { orderId, total });
      await saga.run(ship, { orderId });
      await saga.run(confirm, { orderId });
    },
    carried,
  );
}

const needsApproval = (total: Money, { approvalAbove }: messages.SagaPolicy): boolean =>
  approvalAbove?.currency === total.currency && total.amount > approvalAbove.amount;
