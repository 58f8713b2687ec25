/** The calls of an order: which one undoes which, how long each may take, and how Temporal's Web UI shows it. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import { formatMoney, ORDER_STEPS, type Money, type Participant } from '../order.js';
import { compensatable, retriable, type Budget } from '../saga/saga.js';
import { serviceQueue, type SagaPolicy } from './messages.js';

type Priced = { readonly total: Money };

/** The time-outs are the budgets' below; this one is there because Temporal demands one. */
export const activitiesOn = (taskQueue: string) =>
  proxyActivities<Activities>({ startToCloseTimeout: '10s', taskQueue });

/** Makes calls of services, each on the queue on which its service is served. */
function callsFor({ ownQueues = [] }: SagaPolicy) {
  const { taskQueue } = workflowInfo();
  return <Verb extends keyof Activities, Summary>(
    service: Participant,
    { verb, refusals }: { readonly verb: Verb; readonly refusals: readonly string[] },
    budget: Budget,
    summary: Summary,
  ) => {
    const queue = ownQueues.includes(service) ? serviceQueue(taskQueue, service) : taskQueue;
    return { activity: activitiesOn(queue)[verb], refusals, budget, summary };
  };
}

/** A repair may not know the order's total. */
const refundLine = ({ total }: Partial<Priced>): string =>
  total ? `process_payment: refund ${formatMoney(total)}` : 'process_payment: refund';

/** Every call names its effect by the order's id alone. */
export function orderSteps(policy: SagaPolicy) {
  const to = callsFor(policy);
  const { reserve_inventory: reserve, process_payment: pay, create_shipment: ship } = ORDER_STEPS;
  const { send_confirmation: confirm, send_cancellation_notice: notice } = ORDER_STEPS;
  const attempt = policy.attemptTimeout;
  const act = { attempt, total: policy.stepTimeout };
  const undo = { attempt, total: policy.compensationBudget };
  const mail = { attempt, total: policy.retriableBudget };
  return {
    reserve: compensatable(
      'reserve_inventory',
      to(reserve.service, reserve.action, act, 'reserve_inventory'),
      to(reserve.service, reserve.compensation, undo, 'reserve_inventory: release the stock'),
    ),
    pay: compensatable(
      'process_payment',
      to(pay.service, pay.action, act, ({ total }: Priced) => `process_payment: charge ${formatMoney(total)}`),
      to(pay.service, pay.compensation, undo, refundLine),
    ),
    ship: compensatable(
      'create_shipment',
      to(ship.service, ship.action, act, 'create_shipment'),
      to(ship.service, ship.compensation, undo, 'create_shipment: cancel the parcel'),
    ),
    // Mail that cannot be delivered is a dead letter and blocks nothing.
    confirm: retriable('send_confirmation', to(confirm.service, confirm.action, mail, 'send_confirmation'), {
      onExhausted: 'deadLetter',
    }),
    notice: retriable('send_cancellation_notice', to(notice.service, notice.action, mail, 'send_cancellation_notice'), {
      onExhausted: 'deadLetter',
    }),
  };
}
