/** Taking an order: its row first, then its workflow, then the row's `startedAt`. Any of it can be repeated. */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { sagaIdOf, type Order } from '../order.js';
import { fingerprintOf, mergeItems } from '../orders/fingerprint.js';
import { DEMO_CUSTOMER } from '../orders/orders.js';
import { OrdersUnavailableError } from '../orders/unavailable.js';
import { ORDER_FULFILLMENT, SagaStateAttribute, type OrderFulfillmentInput } from '../workflows/messages.js';
import type { Backlog } from './backlog.js';
import type { Catalogue } from './catalogue.js';
import type { ApiDeps } from './deps.js';
import type { OrderRequest } from './order-schemas.js';
import { Problem, type FieldError } from './problem.js';
import { askTemporal, EngineUnavailableError } from './temporal.js';
import { invalidRequest } from './validate.js';

/** A caller hears within two seconds that Temporal is away; what came before the start is taken off. */
const ANSWER_WITHIN_MS = 1_500;
/** Time-out of the start where the rest has used up the time: enough for a server that is there. */
const START_AT_LEAST_MS = 250;

/** `existing`: an earlier request has placed this very order, and was told so or could have been. */
export interface Placed {
  readonly orderId: string;
  readonly outcome: 'accepted' | 'existing';
}

/**
 * Resolves once the order is acknowledged: its workflow exists. Throws a `Problem` otherwise; one that names the order
 * id may have been sent to Temporal, and the same request with that id goes on from there (rule 19: one id, one saga).
 */
export async function placeOrder(
  deps: ApiDeps,
  { catalogue, backlog }: { readonly catalogue: Catalogue; readonly backlog: Backlog },
  request: OrderRequest,
  correlationId: string,
): Promise<Placed> {
  const startedAt = Date.now();
  const order = await completeOrder(deps, request);
  await refuseUnknownProducts(deps, catalogue, { ...request, orderId: order.orderId }, correlationId);
  if (backlog.isFull() && !(await deps.orders.get(order.orderId))) throw new Problem('Overloaded');
  const inserted = await deps.orders.insert(order, fingerprintOf(request));
  const { orderId } = order;
  if (inserted === 'different') throw new Problem('OrderIdTaken', { orderId, sagaId: sagaIdOf(orderId) });
  if (inserted === 'same' && (await deps.orders.get(orderId))?.startedAt) return { orderId, outcome: 'existing' };
  try {
    const within = Math.max(ANSWER_WITHIN_MS - (Date.now() - startedAt), START_AT_LEAST_MS);
    await startSaga(deps, orderId, correlationId, within);
    await deps.orders.markStarted(orderId);
  } catch (error) {
    throw notConfirmed(error, orderId);
  }
  return { orderId, outcome: 'accepted' };
}

/** Ids and policy only: what is personal stays in the row. A workflow that exists already is this order's. */
async function startSaga(deps: ApiDeps, orderId: string, correlationId: string, within: number): Promise<void> {
  const input: OrderFulfillmentInput = { orderId, policy: deps.policy };
  try {
    await askTemporal(deps.temporal, within, () =>
      deps.temporal.workflow.start(ORDER_FULFILLMENT, {
        workflowId: sagaIdOf(orderId),
        taskQueue: deps.taskQueue,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        typedSearchAttributes: [{ key: SagaStateAttribute, value: 'STARTED' }],
        staticSummary: `Order ${orderId}`,
        memo: { correlationId },
      }),
    );
  } catch (error) {
    // It has run to its end between an earlier, unconfirmed start and this one.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function notConfirmed(error: unknown, orderId: string): unknown {
  const details = { orderId, sagaId: sagaIdOf(orderId), detail: `Send the same order with the order id ${orderId}.` };
  if (error instanceof EngineUnavailableError) return new Problem('EngineUnavailable', details, { cause: error });
  if (error instanceof OrdersUnavailableError) return new Problem('OrdersUnavailable', details, { cause: error });
  return error;
}

/** Fills in what was left out: an id, and in development the demo customer. */
async function completeOrder(deps: ApiDeps, request: OrderRequest): Promise<Order> {
  const { orderId = randomUUID(), customerId, items, paymentMethod, shippingAddress } = request;
  const known = { orderId, items: mergeItems(items) };
  if (customerId !== undefined && paymentMethod !== undefined && shippingAddress !== undefined) {
    return { ...known, customerId, paymentMethod, shippingAddress };
  }
  const demo = deps.demoData ? await deps.orders.customer(DEMO_CUSTOMER.customerId) : undefined;
  if (!demo) throw invalidRequest(missingFields(request));
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

/**
 * An order that is here already was taken while its products could not be looked up, and may be running: its repeat is
 * no less accepted than it was, and the saga refuses it.
 */
async function refuseUnknownProducts(
  { orders }: ApiDeps,
  catalogue: Catalogue,
  { orderId, items }: Pick<Order, 'orderId' | 'items'>,
  correlationId: string,
): Promise<void> {
  const productIds = items.map(({ productId }) => productId);
  const unknown = await catalogue.unknownOf(productIds, correlationId);
  if (unknown.size === 0 || (await orders.get(orderId))) return;
  const errors = productIds.flatMap((productId, index) =>
    unknown.has(productId) ? [{ field: `items[${index}].productId`, message: 'is not in the catalogue' }] : [],
  );
  throw new Problem('UnknownProduct', { errors });
}
