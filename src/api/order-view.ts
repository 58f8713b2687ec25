/** An order as a shop's page shows it: its items, its costs, its parcel, and the refund. */
import { sagaIdOf, type Money } from '../order.js';
import type { StoredOrder } from '../orders/store/orders.js';
import type { ApiDeps } from './deps.js';
import { linksOf } from '../orders/accepted-answer.js';
import type { OrderView } from './schemas/orders.js';
import { reasonText } from '../orders/reason-texts.js';
import type { SagaStatus } from '../steering/shapes.js';
import { readSagaStatus, type HowToAsk } from '../steering/status.js';
import { CANCEL_REQUESTED } from '../workflows/messages.js';
import type { Caller } from '../caller.js';
import { Problem } from '../problems.js';
import { acceptedOrder } from '../orders/access.js';

interface ReadOrder {
  readonly order: StoredOrder;
  readonly status: SagaStatus;
  /** Who cancelled the order, why and when; undefined if it was not cancelled, or while the journal cannot tell. */
  readonly cancellation?: OrderView['cancellation'];
}

/** @throws Problem `OrderNotFound` also for the order of another customer */
export async function readOrder(deps: ApiDeps, caller: Caller, orderId: string, how?: HowToAsk): Promise<ReadOrder> {
  const order = await acceptedOrder(deps, caller, orderId);
  const status = await readSagaStatus(deps, sagaIdOf(orderId), how);
  if (!status) throw new Problem('OrderNotFound');
  return { order, status, cancellation: await cancellationOf(deps, status) };
}

/** The history of a cancelled order says who cancelled it and why. */
async function cancellationOf(
  { journal }: Pick<ApiDeps, 'journal'>,
  { sagaId, reason }: SagaStatus,
): Promise<OrderView['cancellation']> {
  if (reason !== CANCEL_REQUESTED) return undefined;
  return await journal.cancellationOf(sagaId).catch(() => undefined);
}

export function orderView({ order, status, cancellation }: ReadOrder): OrderView {
  const { state, reason, blockedOn, waitingFor, paused, updatedAt, asOf, source } = status;
  const prices = order.prices;
  const priceOf = (productId: string, quantity: number): Pick<OrderView['items'][number], 'unitPrice' | 'total'> => {
    const amount = prices?.units[productId];
    if (!prices || amount === undefined) return { unitPrice: null, total: null };
    const { currency } = prices;
    return { unitPrice: { amount, currency }, total: { amount: amount * quantity, currency } };
  };
  return {
    orderId: order.orderId,
    sagaId: sagaIdOf(order.orderId),
    customerId: order.forgottenAt ? null : order.customerId,
    ...(order.forgottenAt && { forgottenAt: order.forgottenAt }),
    items: order.items.map((item) => ({ ...item, ...priceOf(item.productId, item.quantity) })),
    total: totalOf(status),
    metadata: order.metadata ?? {},
    createdAt: order.createdAt,
    ...(updatedAt !== undefined && { updatedAt }),
    state,
    reason,
    reasonText: reason === undefined ? undefined : reasonText(reason),
    ...moneyAndParcel(status),
    ...(cancellation && {
      cancellation: { ...cancellation, ...(order.cancelComment !== null && { comment: order.cancelComment }) },
    }),
    blockedOn,
    waitingFor,
    ...(paused && { paused }),
    asOf,
    source,
    links: linksOf(order.orderId),
  };
}

const totalOf = ({ data }: SagaStatus): Money | null => (data['total'] ?? null) as Money | null;

/** Both are absent if the steps are not known. */
function moneyAndParcel(status: SagaStatus): Pick<OrderView, 'shipment' | 'refund'> {
  const { steps, data } = status;
  if (!steps) return {};
  const [pay, ship] = ['process_payment', 'create_shipment'].map((name) => steps.find((step) => step.name === name));
  const total = totalOf(status);
  const trackingNumber = data['trackingNumber'];
  const booked = typeof trackingNumber === 'string' && ship;
  const refunds = pay?.status === 'compensating' || pay?.status === 'compensated';
  return {
    shipment: booked ? { trackingNumber, status: SHIPMENT[ship.status] ?? 'booked' } : null,
    refund:
      refunds && total
        ? {
            amount: total,
            status: pay.status === 'compensated' ? 'refunded' : 'pending',
            refundedAt: pay.compensatedAt ?? null,
          }
        : null,
  };
}

const SHIPMENT: Readonly<Record<string, 'cancelling' | 'cancelled'>> = {
  compensating: 'cancelling',
  compensated: 'cancelled',
};
