/** What is measured side by side: each is given an order and answers how it ended. */
import type { Order } from '../src/order.js';
import { sagaIdOf } from '../src/order.js';
import type { Verdict } from '../src/oracle/books.js';
import type { SagaPolicy } from '../src/workflows/messages.js';
import { completed, startSaga, storeOrders, verdictOf, type Destination } from './orders.js';
import { onLoopback, type Stage } from './stage.js';
import type { Child } from './children.js';

export interface Variant {
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  readonly destination: Destination;
  /** Those whose processor time is the variant's own. */
  readonly workers: readonly Child[];
  /** Undefined where there is no Temporal in it, and so no history. */
  readonly workflowOf?: (order: Order) => string;
  /** What must be there before the order is placed; not timed. */
  prepare(orders: readonly Order[]): Promise<void>;
  run(order: Order): Promise<Verdict>;
}

const nothing = async (): Promise<void> => undefined;

/** As long as the product's, since it is written into most events. */
const QUEUE = 'bench-fulfillment';

export interface Opened {
  readonly variants: readonly Variant[];
  /** Unwind's worker. */
  readonly unwind: Child;
}

/** Workers and anchors are started once; the idle ones cost next to nothing. */
export async function openVariants(stage: Stage, anchors: readonly string[]): Promise<Opened> {
  const [plain, apart, unwind] = await Promise.all([
    stage.startBaseline(QUEUE),
    stage.startBaseline(`${QUEUE}-apart`),
    stage.startUnwind(),
  ]);
  const outside = await Promise.all(anchors.map(async (name) => anchor(name, await stage.startAnchor(name))));
  const variants = [
    baseline(stage, 'bare', 'four regular activities, nothing else', 'bare', QUEUE, plain),
    baseline(
      stage,
      'bare, queues apart',
      'the same with a task queue for each service',
      'bareApart',
      `${QUEUE}-apart`,
      apart,
    ),
    baseline(stage, 'official sample', "the shape of Temporal's saga sample", 'sampleSaga', QUEUE, plain),
    saga(stage, 'Unwind, journal off', 'the order saga without its audit trail', { journal: false }, 'AT', unwind),
    saga(stage, 'Unwind', 'the order saga, journal and read model on PostgreSQL', { journal: true }, 'AT', unwind),
    saga(stage, 'Unwind, compensated', 'paid for, then undone and the customer told', { journal: true }, 'AQ', unwind),
    ...outside,
  ];
  return { variants, unwind };
}

export function baseline(
  { client }: Pick<Stage, 'client'>,
  name: string,
  what: string,
  workflow: string,
  taskQueue: string,
  worker: Child,
): Variant {
  return {
    name,
    what,
    destination: 'AT',
    workers: [worker],
    workflowOf: ({ orderId }) => sagaIdOf(orderId),
    prepare: nothing,
    async run(order) {
      const workflowId = sagaIdOf(order.orderId);
      const handle = await client.workflow.start(workflow, { workflowId, taskQueue, args: [order] });
      await handle.result();
      return completed(workflowId);
    },
  };
}

export function saga(
  stage: Stage,
  name: string,
  what: string,
  policy: Partial<SagaPolicy>,
  destination: Destination,
  worker: Child,
): Variant {
  return {
    name,
    what,
    destination,
    workers: [worker],
    workflowOf: ({ orderId }) => sagaIdOf(orderId),
    prepare: (orders) => storeOrders(stage, orders),
    async run(order) {
      const handle = await startSaga(stage.client, order, policy);
      const verdict = verdictOf(handle.workflowId, await handle.result());
      const wanted = destination === 'AT' ? 'COMPLETED' : 'FAILED';
      if (verdict.state !== wanted) throw new Error(`${handle.workflowId} is ${verdict.state}, not ${wanted}`);
      return verdict;
    },
  };
}

const ANCHORS: Readonly<Record<string, string>> = {
  express: 'a plain HTTP handler that makes the four calls; nothing durable',
  dbos: 'DBOS Transact on PostgreSQL, a step for each call',
  restate: 'Restate, a durable step for each call',
};

export function anchor(name: string, child: Child): Variant {
  const base = onLoopback(child.where);
  // Restate's own entrance names the order in the path.
  const urlOf = ({ orderId }: Order): string => (name === 'restate' ? `${base}/${orderId}/run` : `${base}/orders`);
  return {
    name,
    what: ANCHORS[name] ?? '',
    destination: 'AT',
    workers: [child],
    prepare: nothing,
    async run(order) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(urlOf(order), { method: 'POST', headers, body: JSON.stringify(order) });
      if (!response.ok) throw new Error(`${name} answered ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
      return completed(sagaIdOf(order.orderId));
    },
  };
}
