/** The paths of an order that waits for an approval. */
import { approve, cancelSaga, reject, type SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { steering, type Shop } from '../workflows/shop.js';
import type { Path } from './paths.js';

const APPROVED: Partial<SagaPolicy> = { approvalAbove: [{ amount: 4000, currency: 'EUR' }], approvalTimeout: 60_000 };

const waitingThen =
  (answer: typeof cancelSaga): Path =>
  async (shop) => {
    const sagaId = await shop.place({}, APPROVED);
    await eventually('the wait', 30_000, async () => !!(await shop.recordOf(sagaId)).waitingFor);
    await shop.handleOf(sagaId).executeUpdate(answer, { args: [steering()] });
    await shop.handleOf(sagaId).result();
    return sagaId;
  };

async function expired(shop: Shop): Promise<string> {
  const sagaId = await shop.place({}, { ...APPROVED, approvalTimeout: 1000 });
  await shop.handleOf(sagaId).result();
  return sagaId;
}

export const approvalPaths: Readonly<Record<string, Path>> = {
  approved: waitingThen(approve),
  'approval-rejected': waitingThen(reject),
  'approval-expired': expired,
  'cancelled-while-waiting': waitingThen(cancelSaga),
};
