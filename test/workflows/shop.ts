/** A shop for workflow tests: the real services over HTTP, the real orders table, a worker, and time that can skip. */
import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Order } from '../../src/order.js';
import { createActivities } from '../../src/activities/activities.js';
import { correlationInterceptor } from '../../src/activities/interceptors/origin.js';
import { orderQueues } from '../../src/worker/queues.js';
import { auditBooks } from '../../src/oracle/audit.js';
import type { Verdict } from '../../src/oracle/books.js';
import { fingerprintOf } from '../../src/orders/store/fingerprint.js';
import { openOrders } from '../../src/orders/store/orders.js';
import { OrdersUnavailableError } from '../../src/orders/store/unavailable.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { openNotification } from '../../src/services/notification/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { openShipping } from '../../src/services/shipping/service.js';
import * as messages from '../../src/workflows/messages.js';
import type { orderFulfillment } from '../../src/workflows/order-fulfillment.js';
import { openShopsJournal } from '../journal/shops-journal.js';
import { run, type RunningService } from '../services/running-service.js';
import { allOrNone } from '../support/all-or-none.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { createTimeSkipping, lastOf, workflowBundle, type TestEnv, type TestWorker } from '../support/temporal.js';
import type { ServiceLimits } from '../../src/config/service-limits.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ADDRESS = { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

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

export interface ShopOptions {
  /** The time-skipping server, where nothing else is said. */
  readonly openServer?: () => Promise<TestEnv>;
  /** Keeps a journal in a schema of its own, on the tests' PostgreSQL or on the one that is named. */
  readonly journal?: { readonly url?: string };
  /** Around every activity, outermost first. */
  readonly interceptors?: readonly ActivityInterceptorsFactory[];
  /** 0 where the worker is restarted under open workflows, or where each workflow task shall start from nothing. */
  readonly maxCachedWorkflows?: number;
  /** How much is asked of each service at once. */
  readonly limits?: ServiceLimits;
}

const stop = (service: RunningService): Promise<void> => service.stop();

async function openServices() {
  const [inventory, payment, shipping, notification] = await allOrNone(
    [run(openInventory), run(openPayment), run(openShipping), run(openNotification)],
    [stop, stop, stop, stop],
  );
  return { inventory, payment, shipping, notification };
}

/** The same workers serve the queues for as long as the shop is open: the oracle asks closed sagas too. */
export async function openShop(options: ShopOptions = {}) {
  const { openServer = createTimeSkipping, maxCachedWorkflows, limits } = options;
  const ordersSchema = freshSchema('orders');
  const [env, services, orders] = await allOrNone(
    [openServer(), openServices(), openOrders({ databaseUrl: databaseUrl(), schema: ordersSchema, demoData: false })],
    [(server) => server.close(), (started) => Promise.all(Object.values(started).map(stop)), (store) => store.close()],
  );
  const journal = options.journal && openShopsJournal(env.client, orders, options.journal.url);
  const interceptors = [...(options.interceptors ?? []), ...(journal ? [journal.interceptor] : [])];
  const { inventory, payment, shipping, notification } = services;
  const urls = {
    inventory: inventory.url,
    payment: payment.url,
    shipping: shipping.url,
    notification: notification.url,
  };
  const sagaIds: string[] = [];
  const closed = new Map<string, Verdict>();
  const taskQueue = `orders-${randomUUID()}`;
  const around = [...interceptors, lastOf(env.client, ['sendCancellationNotice']), correlationInterceptor];
  const { shared, own, of } = orderQueues(taskQueue, createActivities({ orders, services: urls }), around, limits);
  const policyOfAll = {
    ...POLICY,
    ...(journal && { journal: true }),
    ...(own.length > 0 && { ownQueues: own }),
  };
  const common = { shutdownGraceTime: '5s' } as const;
  // Those that decide and those that act, so that either can be away alone.
  const startDeciding = async (): Promise<TestWorker> =>
    env.startWorker({
      ...common,
      ...shared,
      enableNonLocalActivities: false,
      workflowBundle: await workflowBundle(),
      ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
    });
  const startActing = (): Promise<TestWorker> =>
    env.startWorkers([shared, ...own.map(of)].map((queue) => ({ ...common, ...queue })));
  let [deciding, acting] = await Promise.all([startDeciding(), startActing()]);
  const handleOf = (sagaId: string) => env.client.workflow.getHandle<typeof orderFulfillment>(sagaId);
  const recordOf = (sagaId: string) => handleOf(sagaId).query(messages.getSagaState);
  const verdictOf = async (sagaId: string): Promise<Verdict> => {
    const known = closed.get(sagaId);
    if (known) return known;
    const { state, waivers, deadLetters } = await recordOf(sagaId);
    const verdict = { sagaId, state, waivers, deadLetters };
    if (ENDED.has(state)) closed.set(sagaId, verdict);
    return verdict;
  };
  const differences = async () => {
    // One after the other: a busy worker answers no 500 queries at once. What has ended is not asked again.
    for (const sagaId of sagaIds) await verdictOf(sagaId);
    const all = () => Promise.all(sagaIds.map(verdictOf));
    return (await auditBooks(urls, { all, of: verdictOf }, { looks: 1 })).differences;
  };
  const disarm = async (): Promise<void> => {
    await Promise.all(Object.values(services).map((service) => service.call('DELETE', '/api/test/faults')));
  };
  return {
    env,
    orders,
    ordersSchema,
    urls,
    /** Fails where the shop keeps none. */
    get journal() {
      if (!journal) throw new Error('this shop keeps no journal');
      return journal;
    },
    recordOf,
    handleOf,
    /** What the books of the four services and the sagas' verdicts do not agree on: the oracle's answer (rule 34). */
    differences,
    /** The arguments with which its first run was started. */
    async inputOf(sagaId: string): Promise<unknown[]> {
      const { events } = await handleOf(sagaId).fetchHistory();
      const { payloads } = events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? {};
      return (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
    },
    journalOf: (sagaId: string) => handleOf(sagaId).query(messages.getSagaJournal),
    /** Arms a fault at a service. */
    arm: (service: ServiceName, fault: object) => services[service].call('POST', '/api/test/fail-next-request', fault),
    disarm,
    /** A call of a service past Temporal, as a network that delivers late or twice would make it. */
    call: (service: ServiceName, method: string, path: string, body?: unknown) =>
      services[service].call(method, `/api/${path}`, body),
    ledgerOf: async (service: ServiceName, path: string) => (await services[service].call('GET', `/api/${path}`)).body,
    /** Puts a product into the catalogue, a hundred of it, at a price in minor units. */
    offer: (productId: string, price: number, currency: string) =>
      inventory.sql(
        `INSERT INTO products (id, name, price, currency, stocked, available) VALUES ($1, $1, $2, $3, 100, 100)`,
        [productId, price, currency],
      ),
    /** Starts an order of two of product 123 (42.00 EUR) and returns its saga's id. */
    async place(
      order: Partial<Order> = {},
      policy: Partial<messages.SagaPolicy> = {},
      memo?: Required<messages.SagaMemo>,
    ): Promise<string> {
      const full: Order = {
        orderId: randomUUID(),
        customerId: 'ann',
        items: [{ productId: '123', quantity: 2 }],
        paymentMethod: 'pm_ok',
        shippingAddress: ADDRESS,
        ...order,
      };
      const asked = { order: full, fingerprint: fingerprintOf(full), named: true };
      await orders.ask(asked).catch(async (error: unknown) => {
        // A machine that is busy elsewhere may need a second try; the same order is stored once.
        if (!(error instanceof OrdersUnavailableError)) throw error;
        await orders.ask(asked);
      });
      const workflowId = `order-${full.orderId}`;
      sagaIds.push(workflowId);
      const input: messages.OrderFulfillmentInput = { orderId: full.orderId, policy: { ...policyOfAll, ...policy } };
      await env.client.workflow.start<typeof orderFulfillment>(messages.ORDER_FULFILLMENT, {
        workflowId,
        taskQueue,
        args: [input],
        ...(memo && { memo: { ...memo } }),
      });
      return workflowId;
    },
    /** The outcome, with time skipping until it is there. */
    outcomeOf: (sagaId: string) => env.skipUntil(handleOf(sagaId).result()),
    /** The record, once the saga waits for an operator; time skips meanwhile, but does not run away afterwards. */
    async blocked(sagaId: string) {
      for (;;) {
        const record = await recordOf(sagaId);
        if (record.blockedOn !== null || ENDED.has(record.state)) return record;
        await env.skip(MINUTE);
      }
    },
    taskQueue,
    /** Takes the worker away that runs workflow tasks; activities go on. */
    stopDeciding: () => deciding.stop(),
    async startDeciding(): Promise<void> {
      deciding = await startDeciding();
    },
    stopActing: () => acting.stop(),
    async startActing(): Promise<void> {
      acting = await startActing();
    },
    /** Plays with no fault armed, and lets the oracle look at all books afterwards (rule 34). */
    async play(body: () => Promise<void>): Promise<void> {
      await disarm();
      await body();
      expect(await differences()).toEqual([]);
    },
    async close(): Promise<void> {
      await Promise.all([deciding.stop(), acting.stop()]);
      await Promise.all([...Object.values(services).map(stop), orders.close(), journal?.close()]);
      await env.close();
    },
  };
}
