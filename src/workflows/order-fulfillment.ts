/**
 * Order fulfillment: an order is reserved, paid, shipped and confirmed, or undone.
 *
 *    reserve_inventory ──► [approval] ──► process_payment ──► create_shipment ──► send_confirmation ──► COMPLETED
 *           │                   │                │                  │
 *    releaseReservation ◄── (rejected) ◄── refundPayment ◄── cancelShipment ◄──── refused, timed out, cancelled
 *           │
 *    sendCancellationNotice ──► FAILED | CANCELLED
 */
import { continueAsNew, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import { formatMoney, REFUSALS, sagaIdOf, type Money } from '../order.js';
import { compensatable, retriable, runSaga, type Budget, type CarriedSaga, type SagaOutcome } from '../saga/saga.js';
import { requireInput } from './input.js';
import * as messages from './messages.js';
import { showInWebUi } from './visibility.js';

/** Time-outs are the budgets' (see `orderSteps`); this one is only what Temporal asks for. */
const activities = (taskQueue: string) => proxyActivities<Activities>({ startToCloseTimeout: '10s', taskQueue });

type Undo = 'releaseReservation' | 'refundPayment' | 'cancelShipment';
type Priced = { readonly total: Money };

/** What undoes what, and how long each may take. Mail that cannot be delivered is a dead letter and blocks nothing. */
function orderSteps({ attemptTimeout: attempt, ...policy }: messages.SagaPolicy) {
  const act = { attempt, total: policy.stepTimeout };
  const undo = { attempt, total: policy.compensationBudget };
  const mail = { attempt, total: policy.retriableBudget };
  const { taskQueue } = workflowInfo();
  const here = activities(taskQueue);
  const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '2s' });
  /** A call, its definitive refusals, and how the Web UI shows it. Every call names its effect by the order's id alone. */
  const to = <Verb extends keyof typeof REFUSALS, Summary>(verb: Verb, budget: Budget, summary: Summary) => {
    const service = messages.SERVICE_OF[verb];
    const isOwn = policy.ownQueues?.includes(service) || policy.eager !== undefined;
    const activity = activities(isOwn ? messages.serviceQueue(taskQueue, service) : taskQueue)[verb];
    const first = policy.eager?.includes(service) ? { first: here[verb] } : {};
    return { activity, ...first, refusals: REFUSALS[verb], budget, summary };
  };
  /** What gives something back is repeated without harm, so that it may be tried within the workflow task. */
  const undoBy = <Verb extends Undo, Summary>(verb: Verb, summary: Summary) => {
    const call = to(verb, undo, summary);
    return call.first ? { ...call, local: local[verb] } : call;
  };
  return {
    reserve: compensatable(
      'reserve_inventory',
      to('reserveInventory', act, 'reserve_inventory'),
      undoBy('releaseReservation', 'reserve_inventory: release the stock'),
    ),
    pay: compensatable(
      'process_payment',
      to('processPayment', act, ({ total }: Priced) => `process_payment: charge ${formatMoney(total)}`),
      undoBy('refundPayment', ({ total }: Priced) => `process_payment: refund ${formatMoney(total)}`),
    ),
    ship: compensatable(
      'create_shipment',
      to('createShipment', act, 'create_shipment'),
      undoBy('cancelShipment', 'create_shipment: cancel the parcel'),
    ),
    confirm: retriable('send_confirmation', to('sendConfirmation', mail, 'send_confirmation'), {
      onExhausted: 'deadLetter',
    }),
    notice: retriable('send_cancellation_notice', to('sendCancellationNotice', mail, 'send_cancellation_notice'), {
      onExhausted: 'deadLetter',
    }),
  };
}

/** Fulfils one order. A business refusal is an outcome: the workflow completes, and says FAILED and why. */
export async function orderFulfillment(
  input: messages.OrderFulfillmentInput,
  carried?: CarriedSaga,
): Promise<SagaOutcome> {
  const { orderId, orderedAt, policy } = requireInput(input);
  const { reserve, pay, ship, confirm, notice } = orderSteps(policy);
  return runSaga(
    {
      sagaType: messages.SAGA_TYPE,
      sagaId: sagaIdOf(orderId),
      data: { orderId, ...(orderedAt !== undefined && { orderedAt }) },
      steps: [reserve, pay, ship, confirm],
      deadline: policy.deadline,
      onEntry: showInWebUi,
      afterUnwinding: (last) => last(notice, { orderId }),
      continueAsNew: (blocked) => continueAsNew<typeof orderFulfillment>(input, blocked),
      ...(policy.journal && { storeJournal: activities(workflowInfo().taskQueue).storeJournal }),
      ...(policy.historyLimit !== undefined && { historyLimit: policy.historyLimit }),
    },
    async (saga) => {
      const { total } = await saga.run(reserve, { orderId });
      if (needsApproval(total, policy)) await saga.awaitApproval('order', policy.approvalTimeout ?? policy.deadline);
      await saga.run(pay, { orderId, total });
      await saga.run(ship, { orderId });
      await saga.last(confirm, { orderId });
    },
    carried,
  );
}

function needsApproval(total: Money, { approvalAbove }: messages.SagaPolicy): boolean {
  if (approvalAbove === undefined) return false;
  const isOlder = 'currency' in approvalAbove;
  const limits = isOlder ? [approvalAbove] : approvalAbove;
  const limit = limits.find(({ currency }) => currency === total.currency);
  return limit ? total.amount > limit.amount : !isOlder && limits.length > 0;
}
