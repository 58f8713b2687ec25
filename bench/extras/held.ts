/** What a worker keeps in memory for an order that waits (for an approval). */
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../children.js';
import { memoryOf } from '../cpu.js';
import { inParallel } from '../../src/platform/in-parallel.js';
import type { Ledger } from '../measure.js';
import { makeOrder, startSaga, storeOrders, verdictOf } from '../orders.js';
import { sagaIdOf } from '../../src/order.js';
import { cancelSaga } from '../../src/workflows/messages.js';
import type { Stage } from '../stage.js';

export interface HeldResult {
  readonly orders: number;
  /** Of resident memory. */
  readonly bytesPerOrder: number;
}

const SETTLE_MS = 2_000;

export async function holdMany(stage: Stage, worker: Child, count: number, ledger: Ledger): Promise<HeldResult> {
  const { client } = stage;
  const orders = Array.from({ length: count }, () => makeOrder('AT'));
  await storeOrders(stage, orders);
  await pause(SETTLE_MS);
  const before = memoryOf(worker.pid);
  const policy = { journal: true, approvalAbove: [{ amount: 1, currency: 'EUR' }], approvalTimeout: 3_600_000 };
  await inParallel(20, orders, async (order) => void (await startSaga(client, order, policy)));
  const waiting = `ExecutionStatus = 'Running' AND SagaState = 'PENDING'`;
  while ((await client.workflow.count(waiting)).count < count) await pause(200);
  await pause(SETTLE_MS);
  const bytesPerOrder = (memoryOf(worker.pid) - before) / count;
  const validUntil = new Date(Date.now() + 600_000).toISOString();
  await inParallel(10, orders, async ({ orderId }) => {
    const handle = client.workflow.getHandle(sagaIdOf(orderId));
    await handle.executeUpdate(cancelSaga, { args: [{ actor: 'bench', reason: 'held long enough', validUntil }] });
    ledger.set(handle.workflowId, verdictOf(handle.workflowId, await handle.result()));
  });
  return { orders: count, bytesPerOrder };
}
