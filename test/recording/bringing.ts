/** What the recorded paths share: how an order is brought to a place, and steered there. */
import { randomUUID } from 'node:crypto';
import type { ResolveAction } from '../../src/saga/saga.js';
import { resolveStep, type SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { steering, type Shop } from '../workflows/shop.js';

/** Brings an order onto its path, and returns its saga's id once it has ended. */
export type Path = (shop: Shop) => Promise<string>;

/** Budgets that are spent in seconds on the clock. */
export const SHORT: Partial<SagaPolicy> = {
  attemptTimeout: 1000,
  stepTimeout: 2500,
  compensationBudget: 2500,
  retriableBudget: 2500,
};

export async function ended(shop: Shop, sagaId: string): Promise<string> {
  await shop
    .handleOf(sagaId)
    .result()
    .catch(() => undefined);
  return sagaId;
}

export const resolve = (shop: Shop, sagaId: string, step: string, action: ResolveAction) =>
  shop.handleOf(sagaId).executeUpdate(resolveStep, {
    args: [{ ...steering(), step, action, requestId: randomUUID() }],
  });

export const APPROVED: Partial<SagaPolicy> = {
  approvalAbove: [{ amount: 4000, currency: 'EUR' }],
  approvalTimeout: 60_000,
};

export async function waitingOrder(shop: Shop): Promise<string> {
  const sagaId = await shop.place({}, APPROVED);
  await eventually('the wait', 30_000, async () => !!(await shop.recordOf(sagaId)).waitingFor);
  return sagaId;
}
