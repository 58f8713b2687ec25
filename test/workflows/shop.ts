/** A shop for workflow tests: the real services over HTTP, the real orders table, a worker, and time that can skip. */
import { randomUUID } from 'node:crypto';
import type { Order } from '../../src/order.js';
import { createActivities } from '../../src/activities/activities.js';
import { correlationInterceptor } from '../../src/activities/correlation.js';
import { auditBooks } from '../../src/oracle/audit.js';
import type { SagaVerdict } from '../../src/oracle/books.js';
import { fingerprintOf } from '../../src/orders/fingerprint.js';
import { openOrders } from '../../src/orders/orders.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { openNotification } from '../../src/services/notification/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { openShipping } from '../../src/services/shipping/service.js';
import * as messages from '../../src/workflows/messages.js';
import type { orderFulfillment } from '../../src/workflows/order-fulfillment.js';
import { run } from '../services/running-service.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { createTimeSkipping, workflowBundle } from '../support/temporal.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ADDRESS = { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };

export type ServiceName = 'inventory' | 'payment' | 'shipping' | 'notification';
export type Shop = Awaited<ReturnType<typeof openShop>>;

/** Attempts are cut off after a second, since a running attempt stops time; all else is as in production. */
export const POLICY: messages.SagaPolicy = {
  attemptTimeout: 1000,
  stepTimeout: 5 * MINUTE,
  retriableBudget: DAY,
  compensationBudget: DAY,
  deadline: 7 * DAY,
};

/** Who, why, and a validity that outlasts any skipped time. */
export const steering = () => ({
  actor: 'olga',
  reason: 'the customer called',
  validUntil: new Date(Date.now() + 3650 * DAY).toISOString(),
});

export async function openShop() {
  const [env, inventory, payment, shipping, notification, orders] = await Promise.all([
    createTimeSkipping(),
    run(openInventory),
    run(openPayment),
    run(openShipping),
    run(openNotification),
    openOrders({ databaseUrl: databaseUrl(), schema: freshSchema('orders'), demoData: false }),
  ]);
  const services = { inventory, payment, shipping, notification };
  const urls = {
    inventory: inventory.url,
    payment: payment.url,
    shipping: shipping.url,
    notification: notification.url,
  };
  const sagaIds: string[] = [];
  let taskQueue = '';
  const handleOf = (sagaId: string) => env.client.workflow.getHandle<typeof orderFulfillment>(sagaId);
  const recordOf = (sagaId: string) => handleOf(sagaId).query(messages.getSagaState);
  const verdictOf = async (sagaId: string): Promise<SagaVerdict> => {
    const { state, waivers, deadLetters } = await recordOf(sagaId);
    return { sagaId, state, waivers, deadLetters };
  };
  const differences = async () => {
    const all = () => Promise.all(sagaIds.map(verdictOf));
    return (await auditBooks(urls, { all, of: verdictOf }, { looks: 1 })).differences;
  };
  return {
    recordOf,
    handleOf,
    /** Arms a fault at a service. */
    arm: (service: ServiceName, fault: object) => services[service].call('POST', '/api/test/fail-next-request', fault),
    ledgerOf: async (service: ServiceName, path: string) => (await services[service].call('GET', `/api/${path}`)).body,
    /** Starts an order of two of product 123 (42.00 EUR) and returns its saga's id. */
    async place(order: Partial<Order> = {}, policy: Partial<messages.SagaPolicy> = {}): Promise<string> {
      const full: Order = {
        orderId: randomUUID(),
        customerId: 'ann',
        items: [{ productId: '123', quantity: 2 }],
        paymentMethod: 'pm_ok',
        shippingAddress: ADDRESS,
        ...order,
      };
      await orders.insert(full, fingerprintOf(full));
      const workflowId = `order-${full.orderId}`;
      sagaIds.push(workflowId);
      const input: messages.OrderFulfillmentInput = { orderId: full.orderId, policy: { ...POLICY, ...policy } };
      await env.client.workflow.start<typeof orderFulfillment>(messages.ORDER_FULFILLMENT, {
        workflowId,
        taskQueue,
        args: [input],
      });
      return workflowId;
    },
    /** The outcome, with time skipping until it is there. */
    async outcomeOf(sagaId: string) {
      await env.unlock();
      return handleOf(sagaId)
        .result()
        .finally(() => env.lock());
    },
    /** Plays with a worker and with no fault armed, and lets the oracle look at all books afterwards (rule 34). */
    async play(body: () => Promise<void>): Promise<void> {
      for (const service of Object.values(services)) await service.call('DELETE', '/api/test/faults');
      // The last worker's polls may still wait at the server and swallow a task: each worker has a queue of its own.
      taskQueue = `orders-${randomUUID()}`;
      const options = {
        taskQueue,
        workflowBundle: await workflowBundle(),
        activities: createActivities({ orders, services: urls }),
        interceptors: { activity: [correlationInterceptor] },
      };
      await env.withWorker(options, async () => {
        await body();
        expect(await differences()).toEqual([]);
      });
    },
    async close(): Promise<void> {
      await Promise.all([...Object.values(services).map((service) => service.stop()), orders.close(), env.close()]);
    },
  };
}
