/** Orders for a benchmark: ids that no other run has used, and the ways to start one. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { sagaIdOf, type Order } from '../src/order.js';
import type { Verdict } from '../src/oracle/books.js';
import type { OrderStore } from '../src/orders/store/orders.js';
import { fingerprintOf } from '../src/orders/store/fingerprint.js';
import {
  ORDER_FULFILLMENT,
  SagaStateAttribute,
  TASK_QUEUE,
  type OrderFulfillmentInput,
  type SagaOutcome,
  type SagaPolicy,
} from '../src/workflows/messages.js';

const MINUTE = 60_000;

/** As the configuration's defaults. */
const POLICY: SagaPolicy = {
  attemptTimeout: 10_000,
  stepTimeout: 5 * MINUTE,
  retriableBudget: 24 * 60 * MINUTE,
  compensationBudget: 24 * 60 * MINUTE,
  deadline: 7 * 24 * 60 * MINUTE,
};

/** Nobody delivers to Antarctica: such an order has been paid for when its parcel is refused. */
export type Destination = 'AT' | 'AQ';

/** A typical order: three products, and ids as the API makes them. */
export function makeOrder(country: Destination, lines = 3): Order {
  return {
    orderId: randomUUID(),
    customerId: randomUUID(),
    items: products(lines),
    paymentMethod: 'pm_1PqRs2TuVwXyZ3Ab',
    shippingAddress: {
      name: 'Anna Beispiel',
      street: 'Mariahilfer Strasse 12/3',
      city: 'Vienna',
      postalCode: '1060',
      country,
    },
  };
}

export const PRODUCTS = 50;
export const productId = (number: number): string => `sku-${10_000 + number}`;

/** So many different ones, beginning anywhere, so that not every order waits for the same row of the stock. */
function products(lines: number): Order['items'] {
  const first = randomInt(PRODUCTS);
  return Array.from({ length: lines }, (_, at) => ({ productId: productId((first + at) % PRODUCTS), quantity: 1 }));
}

/** Writes the rows that the API would write, outside of what is timed. */
export async function storeOrders({ orders }: { readonly orders: OrderStore }, all: readonly Order[]): Promise<void> {
  const left = [...all];
  while (left.length > 0) {
    await Promise.all(
      left.splice(0, 4).map(async (order) => {
        await orders.ask({ order, fingerprint: fingerprintOf(order), named: true });
        // As an order reads that the API has acknowledged: nobody looks after it.
        await orders.confirm(order.orderId);
      }),
    );
  }
}

/** Starts a saga as the API does; resolves when it is acknowledged. */
export async function startSaga(client: Client, { orderId }: Order, policy: Partial<SagaPolicy>) {
  const input: OrderFulfillmentInput = { orderId, policy: { ...POLICY, ...policy } };
  return client.workflow.start(ORDER_FULFILLMENT, {
    workflowId: sagaIdOf(orderId),
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: [{ key: SagaStateAttribute, value: 'STARTED' }],
    staticSummary: `Order ${orderId}`,
    memo: { correlationId: randomUUID() },
  });
}

export function verdictOf(sagaId: string, { state, waivers, deadLetters }: SagaOutcome): Verdict {
  return { sagaId, state, waivers, deadLetters };
}

/** What an order that is no saga of ours says of itself: it either completes or throws. */
export const completed = (sagaId: string): Verdict => ({
  sagaId,
  state: 'COMPLETED',
  waivers: [],
  deadLetters: [],
});
