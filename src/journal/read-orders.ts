/** Orders with what the journal says of them. The two may live in different servers, so no statement joins them. */
import type { Pool } from 'pg';
import { orderIdOf, sagaIdOf, type Money } from '../order.js';
import { cursorOf, markOf, type Mark } from './cursor.js';
import type { ListedOrder, OrdersSource } from './orders-source.js';
import type { OrderFilter, OrderSummary, Page, PageRequest, SagaView } from './reader.js';
import { listMarked, sagasOf } from './read-sagas.js';

/** How many rows are looked at for one page before it is given out short. */
const AT_A_TIME = 200;
const AT_MOST = 5;

export const startedView = (sagaId: string, startedAt: string): SagaView => ({
  sagaId,
  sagaType: 'OrderFulfillment',
  state: 'STARTED',
  reason: null,
  data: { orderId: orderIdOf(sagaId) },
  steps: [],
  waivers: [],
  deadLetters: [],
  currentStep: null,
  blockedOn: null,
  waitingFor: null,
  createdAt: startedAt,
  updatedAt: startedAt,
  version: 0,
  branch: 0,
  behindGap: false,
  asOf: startedAt,
});

/** An order that was never accepted and of which the journal knows nothing is not listed. */
function summaryOf(order: ListedOrder, known: SagaView | undefined): OrderSummary | undefined {
  const { orderId, customerId, createdAt, startedAt } = order;
  const saga = known ?? (startedAt === null ? undefined : startedView(sagaIdOf(orderId), startedAt));
  if (!saga) return undefined;
  const { sagaId, state, reason, blockedOn, waitingFor, updatedAt, asOf, data } = saga;
  const total = (data['total'] ?? null) as Money | null;
  return {
    orderId,
    sagaId,
    customerId,
    createdAt,
    startedAt,
    state,
    reason,
    blockedOn,
    waitingFor,
    total,
    updatedAt,
    asOf,
  };
}

interface Listed {
  readonly summary: OrderSummary | undefined;
  readonly mark: Mark;
}

type Source = (before: Mark | undefined) => Promise<readonly Listed[]>;

/** From the orders: right for every filter, and slow only for a state that few of many orders have. */
const fromOrders =
  (pool: Pool, schema: string, orders: OrdersSource, filter: OrderFilter): Source =>
  async (before) => {
    const found = await orders.list(filter, { before, limit: AT_A_TIME });
    const ids = found.map(({ orderId }) => sagaIdOf(orderId));
    const sagas = await sagasOf(pool, schema, ids);
    return found.map((order) => ({
      summary: summaryOf(order, sagas.get(sagaIdOf(order.orderId))),
      mark: { time: order.createdAtMark, id: order.orderId },
    }));
  };

/** From the sagas of a state: any but STARTED, which an order has without a saga's row as well. */
const fromSagas =
  (pool: Pool, schema: string, orders: OrdersSource, { state, from, to }: OrderFilter): Source =>
  async (before) => {
    const found = await listMarked(pool, schema, { state, from, to }, { before, limit: AT_A_TIME });
    const ids = found.map(({ saga }) => orderIdOf(saga.sagaId));
    const known = await orders.list({ ids }, { limit: ids.length });
    const byId = new Map(known.map((order) => [order.orderId, order]));
    return found.map(({ saga, mark }) => {
      const order = byId.get(orderIdOf(saga.sagaId));
      return { summary: order && summaryOf(order, saga), mark };
    });
  };

export async function listOrders(
  pool: Pool,
  schema: string,
  orders: OrdersSource,
  { filter, page: { cursor, limit } }: { readonly filter: OrderFilter; readonly page: PageRequest },
): Promise<Page<OrderSummary>> {
  const bySaga = filter.state !== undefined && filter.state !== 'STARTED' && filter.customerId === undefined;
  const source = (bySaga ? fromSagas : fromOrders)(pool, schema, orders, filter);
  const items: OrderSummary[] = [];
  let mark = markOf(cursor);
  for (let looks = 0; looks < AT_MOST; looks++) {
    const found = await source(mark);
    for (const { summary, mark: here } of found) {
      mark = here;
      if (!summary || (filter.state !== undefined && summary.state !== filter.state)) continue;
      items.push(summary);
      if (items.length === limit) return { items, next: cursorOf(here) };
    }
    if (found.length < AT_A_TIME) return { items, next: null };
  }
  return { items, next: mark ? cursorOf(mark) : null };
}
