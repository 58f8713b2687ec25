/** The names that API and workflow share: ids, the library's queries and Updates, search attributes. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Money, Participant } from '../order.js';
import type { SteeringRequest } from '../saga/messages.js';

export {
  approve,
  cancelSaga,
  getSagaJournal,
  getSagaState,
  reject,
  resolveStep,
  SAGA_REFUSED,
} from '../saga/messages.js';
export type { Decision, RefusalCode, ResolveAction, ResolveRequest, SteeringRequest } from '../saga/messages.js';
export { REPAIR, type Repair } from '../saga/journal/events.js';
export type { CarriedSaga } from '../saga/run.js';
export { awaitedIn, CANCEL_REQUESTED, isCommitted, isGoingForward, verdictOf } from '../saga/record.js';
export type { SagaOutcome, SagaRecord, SagaState, StepRecord, StepStatus } from '../saga/record.js';

/** The input of `cancelSaga`. */
export type CancelRequest = SteeringRequest;

export const TASK_QUEUE = 'order-fulfillment';

/**
 * The name begins with the workflows' queue, so that two systems on one Temporal share none:
 * `order-fulfillment-payment`.
 */
export const serviceQueue = (taskQueue: string, service: Participant): string => `${taskQueue}-${service}`;

export const ORDER_FULFILLMENT = 'orderFulfillment';
/** The workflow that undoes what an order's ended run has left behind, under the id of that saga. */
export const SAGA_REPAIR = 'SagaRepair';
/** The types of workflows that run an order's saga. */
export const ORDER_WORKFLOWS: readonly string[] = [ORDER_FULFILLMENT, SAGA_REPAIR];
export const SAGA_TYPE = 'OrderFulfillment';

export const SagaStateAttribute = defineSearchAttributeKey('SagaState', SearchAttributeType.KEYWORD);
export const SagaBlockedOnAttribute = defineSearchAttributeKey('SagaBlockedOn', SearchAttributeType.KEYWORD);

/** The memo of a saga's workflow; both ids go into the headers of every activity, and on to every service. */
export interface SagaMemo {
  readonly correlationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** Beside them in the memo: the type of a saga that is not an order's, for readers that ask only Temporal. */
export const SAGA_TYPE_MEMO = 'sagaType';

/** The row of `orders` for which the workflow was started (its `mark`). */
export const ORDER_MARK = 'orderMark';

/** Time-outs and budgets in milliseconds. The API puts them into the input, so that a replay finds the same ones. */
export interface SagaPolicy {
  /** One attempt of any call. */
  readonly attemptTimeout: number;
  /** All attempts of a compensatable step or a pivot. */
  readonly stepTimeout: number;
  readonly retriableBudget: number;
  readonly compensationBudget: number;
  /** Counted from the start of the saga; shortens compensatable actions and waits only. */
  readonly deadline: number;
  /**
   * Orders above the limit of their currency wait for an approval before they are paid, and so do orders in a currency
   * that has no limit while others have.
   */
  readonly approvalAbove?: readonly Money[];
  readonly approvalTimeout?: number;
  /** True: every transition is carried to the audit trail. */
  readonly journal?: boolean;
  /** Services whose calls go to a queue of their own: `serviceQueue`. */
  readonly ownQueues?: readonly Participant[];
  /** Events after which an order is continued as new; if absent, Temporal's own suggestion counts. */
  readonly historyLimit?: number;
}

/** The reason of a saga whose run was ended from outside, and whose effects a repair undoes. */
export const RUN_ENDED = 'RunEnded';

/** The input of a repair; the stack is in the state that it is started with. */
export interface SagaRepairInput extends Pick<OrderFulfillmentInput, 'orderId' | 'policy'> {
  /** The customer hears that the order is cancelled. */
  readonly notice: boolean;
}

/** Ids and policy only: the customer's request stays in the `orders` table. */
export interface OrderFulfillmentInput {
  readonly orderId: string;
  /** ISO 8601: when the order was created. Lists are sorted by it. */
  readonly orderedAt?: string;
  readonly policy: SagaPolicy;
}
