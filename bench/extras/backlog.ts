/** A backlog: orders that were accepted while no worker lived, and how fast they are worked off. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../children.js';
import { cpuAlone } from '../cpu.js';
import { measure, type Ledger } from '../measure.js';
import { makeOrder, startSaga, storeOrders, verdictOf } from '../orders.js';
import { onLoopback, type Stage } from '../stage.js';
import { percentile } from '../statistics.js';
import type { Variant } from '../variants.js';
import { inParallel } from '../../src/platform/in-parallel.js';
import { commitsOf } from '../postgres-commits.js';
import { sagaIdOf, type Order } from '../../src/order.js';

export interface BacklogResult {
  readonly orders: number;
  readonly perSecond: number;
  readonly steady: number;
  readonly ratio: number;
  /** What a POST through the API took while nothing else ran, up to its 202. */
  readonly api: ApiCost;
}

export interface ApiCost {
  readonly posts: number;
  readonly p50: number;
  readonly p95: number;
  /** Milliseconds of the API's own processor time. */
  readonly cpu: number;
  /** Statements on PostgreSQL. */
  readonly statements: number;
}

const POLL_MS = 100;

export async function drainBacklog(
  stage: Stage,
  variant: Variant,
  worker: { stop(): Promise<void>; start(): Promise<Child> },
  count: number,
  ledger: Ledger,
): Promise<BacklogResult> {
  const steady = (await measure(stage, variant, { inFlight: 50, orders: Math.min(200, count) }, 0, ledger)).run
    .perSecond;
  await worker.stop();
  const orders = Array.from({ length: count }, () => makeOrder(variant.destination));
  const byApi = orders.slice(0, Math.min(100, count / 4));
  const others = orders.slice(byApi.length);
  const api = await placeByApi(stage, byApi);
  await storeOrders(stage, others);
  await inParallel(20, others, async (order) => void (await startSaga(stage.client, order, { journal: true })));
  await worker.start();
  const started = performance.now();
  await untilNoneRuns(stage);
  const seconds = (performance.now() - started) / 1000;
  await inParallel(20, orders, async ({ orderId }) => {
    const sagaId = sagaIdOf(orderId);
    ledger.set(sagaId, verdictOf(sagaId, await stage.client.workflow.getHandle(sagaId).result()));
  });
  const perSecond = count / seconds;
  return { orders: count, perSecond, steady, ratio: perSecond / steady, api };
}

/** By visibility, which lags by some hundredths of a second: nobody waits on two thousand calls at once. */
async function untilNoneRuns({ client }: Stage): Promise<void> {
  const query = `ExecutionStatus = 'Running' AND WorkflowType = 'orderFulfillment'`;
  while ((await client.workflow.count(query)).count > 0) await pause(POLL_MS);
}

/** One after the other, while no worker lives: what is counted is the API's alone. */
async function placeByApi(stage: Stage, orders: readonly Order[]): Promise<ApiCost> {
  const api = await stage.startApi();
  const url = `${onLoopback(api.where)}/api/orders`;
  const place = async (order: Order): Promise<number> => {
    const begun = performance.now();
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(order) });
    if (response.status !== 202) throw new Error(`POST answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
    return performance.now() - begun;
  };
  // The first ones ask for each product once and compile what they run through.
  const warm = orders.slice(0, Math.floor(orders.length / 2));
  for (const order of warm) await place(order);
  const [cpu, commits] = [cpuAlone(api.pid), await commitsOf(stage.databaseUrl)];
  const latencies: number[] = [];
  for (const order of orders.slice(warm.length)) latencies.push(await place(order));
  const posts = latencies.length;
  const result = {
    posts,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    cpu: (cpuAlone(api.pid) - cpu) / posts,
    statements: ((await commitsOf(stage.databaseUrl)) - commits) / posts,
  };
  await api.stop();
  return result;
}
