/**
 * Lists of orders with their sagas from the journal. The two may be in different servers, so no statement joins them.
 */
import type { Pool } from 'pg';
import { parseWrittenTime } from '../../platform/database/times.js';
import { orderIdOf, sagaIdOf, type Money } from '../../order.js';
import { blankRecord } from '../../saga/journal/fold.js';
import { cursorOf, markOf, type Mark } from './page-cursor.js';
import type { ListedOrder, OrdersSource } from './orders-source.js';
import type { OrderFilter, OrderSummary, Page, PageRequest, StoredSaga } from './reader.js';
import { listByChange, listOfStates, listWaiting, sagasOf, type MarkedSaga } from './sagas.js';

/** The most rows that one page looks at before it is returned short. */
const AT_A_TIME = 200;
const AT_MOST = 5;

export const startedView = (orderId: string, startedAt: string): StoredSaga => ({
  ...blankRecord(sagaIdOf(orderId)),
  sagaType: 'OrderFulfillment',
  data: { orderId },
  createdAt: startedAt,
  updatedAt: startedAt,
  version: 0,
  branch: 0,
  behindGap: false,
  asOf: startedAt,
});

/** An order that was never accepted and of which the journal knows nothing is not listed. */
function summaryOf(order: ListedOrder, known: StoredSaga | undefined): OrderSummary | undefined {
  const { orderId, customerId, createdAt, startedAt } = order;
  const saga = known ?? (startedAt === null ? undefined : startedView(orderId, startedAt));
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
  readonly order: ListedOrder | undefined;
  readonly saga: StoredSaga | undefined;
  readonly mark: Mark;
}

/** The entries after `mark`, at most 200: in the list's order, and not filtered by all conditions. */
type Source = (after: Mark | undefined) => Promise<readonly Listed[]>;

interface Stores {
  readonly pool: Pool;
  readonly schema: string;
  readonly orders: OrdersSource;
}

const fromOrders =
  ({ pool, schema, orders }: Stores, { customerId, productId, from, to }: OrderFilter): Source =>
  async (before) => {
    const found = await orders.list({ customerId, productId, from, to }, { before, limit: AT_A_TIME });
    const sagas = await sagasOf(
      pool,
      schema,
      found.map(({ orderId }) => sagaIdOf(orderId)),
    );
    return found.map((order) => ({
      order,
      saga: sagas.get(sagaIdOf(order.orderId)),
      mark: { time: order.createdAtMark, id: order.orderId },
    }));
  };

const fromSagas =
  ({ orders }: Stores, { productId }: OrderFilter, list: (after: Mark | undefined) => Promise<MarkedSaga[]>): Source =>
  async (after) => {
    const found = (await list(after)).map((one) => ({ ...one, orderId: orderIdOf(one.saga.sagaId) }));
    const ids = found.map(({ orderId }) => orderId).filter((orderId) => orderId !== undefined);
    const known = await orders.list({ ids, productId }, { limit: ids.length });
    const byId = new Map(known.map((order) => [order.orderId, order]));
    // A saga of another type has no order, and is passed over.
    return found.map(({ orderId, saga, mark }) => ({ order: byId.get(orderId ?? ''), saga, mark }));
  };

/**
 * The two tables may be in different servers. One of them leads, by an index that has the list's order, and the
 * other's conditions are checked row by row. A page that looks at too many rows is returned short.
 */
function sourceOf(stores: Stores, filter: OrderFilter): Source {
  const { pool, schema } = stores;
  const { customerId, productId, states, waiting, from, to, updatedFrom, updatedTo } = filter;
  const limit = AT_A_TIME;
  if (updatedFrom !== undefined || updatedTo !== undefined) {
    const span = { from: updatedFrom, to: updatedTo, limit };
    return fromSagas(stores, filter, (after) => listByChange(pool, schema, { ...span, after }));
  }
  if (customerId !== undefined || productId !== undefined) return fromOrders(stores, filter);
  const span = { from, to, limit };
  if (waiting) return fromSagas(stores, filter, (after) => listWaiting(pool, schema, { ...span, after }));
  // An order may be STARTED without a row of its saga.
  if (states === undefined || states.includes('STARTED')) return fromOrders(stores, filter);
  return fromSagas(stores, filter, (after) => listOfStates(pool, schema, states, { ...span, after }));
}

function takes(filter: OrderFilter, order: ListedOrder, { state, waitingFor, updatedAt }: OrderSummary): boolean {
  const { states, waiting, customerId, from, to, updatedFrom, updatedTo } = filter;
  const isWithin = (time: string, since: string | undefined, until: string | undefined): boolean => {
    const at = parseWrittenTime(time);
    if (at === undefined) return false;
    return (since === undefined || at >= since) && (until === undefined || at < until);
  };
  return (
    order.hasProduct &&
    (states === undefined || states.includes(state)) &&
    (waiting !== true || waitingFor !== null) &&
    (customerId === undefined || order.customerId === customerId) &&
    isWithin(order.createdAtMark, from, to) &&
    isWithin(updatedAt, updatedFrom, updatedTo)
  );
}

/** `from`, `to`, `updatedFrom` and `updatedTo` are written as `parseTime` writes them. */
export async function listOrders(
  pool: Pool,
  schema: string,
  orders: OrdersSource,
  { filter, page: { cursor, limit } }: { readonly filter: OrderFilter; readonly page: PageRequest },
): Promise<Page<OrderSummary>> {
  const source = sourceOf({ pool, schema, orders }, filter);
  const items: OrderSummary[] = [];
  let mark = markOf(cursor);
  for (let looks = 0; looks < AT_MOST; looks++) {
    const found = await source(mark);
    for (const { order, saga, mark: here } of found) {
      mark = here;
      const summary = order && summaryOf(order, saga);
      if (!summary || !takes(filter, order, summary)) continue;
      items.push(summary);
      if (items.length === limit) return { items, next: cursorOf(here) };
    }
    if (found.length < AT_A_TIME) return { items, next: null };
  }
  return { items, next: mark ? cursorOf(mark) : null };
}
