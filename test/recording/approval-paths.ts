/** The paths of an order that waits for an approval. */
import { approve, cancelSaga, reject } from '../../src/workflows/messages.js';
import { steering, type Shop } from '../workflows/shop.js';
import { APPROVED, waitingOrder, type Path } from './bringing.js';

const waitingThen =
  (answer: typeof cancelSaga): Path =>
  async (shop) => {
    const sagaId = await waitingOrder(shop);
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
