/**
 * What a worker keeps in memory for an order that waits (for an approval). Its threads collect their garbage before they are
 * measured, and the figure per order is a slope: what the process needs anyway is not in it.
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { inParallel } from '../../src/platform/in-parallel.js';
import { sagaIdOf, type Order } from '../../src/order.js';
import { cancelSaga } from '../../src/workflows/messages.js';
import type { Child } from '../children.js';
import { measure, type Ledger } from '../measure.js';
import { makeOrder, startSaga, storeOrders, verdictOf } from '../orders.js';
import type { Stage } from '../stage.js';
import { saga } from '../variants.js';

const STEPS = 3;
const WARMING_UP = { inFlight: 20, orders: 60 };
const SETTLE_MS = 2_000;
/** V8 enlarges a thread's young generation once, by some 30 MB, when much survives: no order's doing, and no slope. */
const YOUNG_AT_ITS_LARGEST = '--min-semi-space-size=16';
const PROBE = path.join(import.meta.dirname, '..', 'memory', 'probe.mjs');
const WAITING = `ExecutionStatus = 'Running' AND SagaState = 'PENDING'`;

/** What the probe answers: bytes. */
export const probeSchema = z.object({
  before: z.number(),
  rss: z.number(),
  threads: z.array(z.object({ thread: z.number(), used: z.number(), physical: z.number(), external: z.number() })),
});

/** Bytes. */
export interface Sample {
  readonly held: number;
  /** Resident memory before the collection. */
  readonly before: number;
  /** Resident memory after it. */
  readonly rss: number;
  /** JavaScript of the thread that runs the workflows. */
  readonly workflows: number;
  /** JavaScript of the thread that runs the activities and the SDK. */
  readonly main: number;
  readonly external: number;
  /** What is no heap of V8's: Temporal's core, in Rust, and what the allocators keep. */
  readonly native: number;
}

export interface HeldResult {
  readonly orders: number;
  readonly samples: readonly Sample[];
  /** Of resident memory. */
  readonly bytesPerOrder: number;
}

type Look = (worker: Child, when: 'held' | 'empty') => Promise<void>;

/** @param look is called while all orders are held, and again when they have ended; by then all is measured */
export async function holdMany(
  stage: Stage,
  count: number,
  ledger: Ledger,
  look: Look = async () => undefined,
): Promise<HeldResult> {
  const worker = await stage.startUnwind({}, ['--expose-gc', YOUNG_AT_ITS_LARGEST, '--import', PROBE]);
  const warm = saga(stage, 'warming up', '', { journal: true }, 'AT', worker);
  await measure(stage, warm, WARMING_UP, -1, ledger);
  const samples = [await sample(worker, 0)];
  const orders: Order[] = [];
  while (orders.length < count) {
    orders.push(...(await hold(stage, Math.ceil(count / STEPS), orders.length)));
    samples.push(await sample(worker, orders.length));
  }
  await look(worker, 'held');
  await release(stage, orders, ledger);
  await look(worker, 'empty');
  await worker.stop();
  return { orders: orders.length, samples, bytesPerOrder: slope(samples, 'rss') };
}

/** Starts so many orders, and returns them when they and those from before wait for an approval. */
async function hold(stage: Stage, count: number, before: number): Promise<readonly Order[]> {
  const { client } = stage;
  const orders = Array.from({ length: count }, () => makeOrder('AT'));
  await storeOrders(stage, orders);
  const policy = { journal: true, approvalAbove: [{ amount: 1, currency: 'EUR' }], approvalTimeout: 3_600_000 };
  await inParallel(20, orders, async (order) => void (await startSaga(client, order, policy)));
  while ((await client.workflow.count(WAITING)).count < before + count) await pause(200);
  await pause(SETTLE_MS);
  return orders;
}

/** Cancels them, and enters how they end. */
async function release({ client }: Stage, orders: readonly Order[], ledger: Ledger): Promise<void> {
  const validUntil = new Date(Date.now() + 600_000).toISOString();
  await inParallel(10, orders, async ({ orderId }) => {
    const handle = client.workflow.getHandle(sagaIdOf(orderId));
    await handle.executeUpdate(cancelSaga, { args: [{ actor: 'bench', reason: 'held long enough', validUntil }] });
    ledger.set(handle.workflowId, verdictOf(handle.workflowId, await handle.result()));
  });
}

async function sample(worker: Child, held: number): Promise<Sample> {
  const { before, rss, threads } = probeSchema.parse(await worker.ask({ memory: null }));
  const sum = (of: (each: (typeof threads)[number]) => number): number =>
    threads.reduce((total, each) => total + of(each), 0);
  return {
    held,
    before,
    rss,
    workflows: sum(({ thread, used }) => (thread === 0 ? 0 : used)),
    main: sum(({ thread, used }) => (thread === 0 ? used : 0)),
    external: sum(({ external }) => external),
    native: rss - sum(({ physical }) => physical),
  };
}

/** Bytes per order: that of the line that fits best. */
export function slope(samples: readonly Sample[], of: keyof Sample): number {
  const mean = (name: keyof Sample): number => samples.reduce((sum, each) => sum + each[name], 0) / samples.length;
  const [x, y] = [mean('held'), mean(of)];
  const above = samples.reduce((sum, each) => sum + (each.held - x) * (each[of] - y), 0);
  const below = samples.reduce((sum, each) => sum + (each.held - x) ** 2, 0);
  return above / below;
}
