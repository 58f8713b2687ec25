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

/** Every call names its effect by the order's id alone. */
export function orderSteps({ attemptTimeout: attempt, ownQueues = [], ...policy }: SagaPolicy) {
  const { taskQueue } = workflowInfo();
  const [reserve, pay, ship] = [
    ORDER_STEPS.reserve_inventory,
    ORDER_STEPS.process_payment,
    ORDER_STEPS.create_shipment,
  ];
  const [confirm, notice] = [ORDER_STEPS.send_confirmation, ORDER_STEPS.send_cancellation_notice];
  const act = { attempt, total: policy.stepTimeout };
  const undo = { attempt, total: policy.compensationBudget };
  const mail = { attempt, total: policy.retriableBudget };
  const to = <Verb extends keyof Activities, Summary>(
    service: Participant,
    { verb, refusals }: { readonly verb: Verb; readonly refusals: readonly string[] },
    budget: Budget,
    summary: Summary,
  ) => {
    const queue = ownQueues.includes(service) ? serviceQueue(taskQueue, service) : taskQueue;
    return { activity: activitiesOn(queue)[verb], refusals, budget, summary };
  };
  return {
    reserve: compensatable(
      'reserve_inventory',
      to(reserve.service, reserve.action, act, 'reserve_inventory'),
      to(reserve.service, reserve.compensation, undo, 'reserve_inventory: release the stock'),
    ),
    pay: compensatable(
      'process_payment',
      to(pay.service, pay.action, act, ({ total }: Priced) => `process_payment: charge ${formatMoney(total)}`),
      to(pay.service, pay.compensation, undo, ({ total }: Priced) => `process_payment: refund ${formatMoney(total)}`),
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
