// This server loses Updates once its time has been skipped far: these tests have one of their own.
import { approveOrder, rejectOrder, type SagaPolicy } from '../../src/workflows/messages.js';
import { openShop, steering, type Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const play = (body: () => Promise<void>) => () => shop.play(body);

describe('an order that needs an approval', () => {
  const policy: Partial<SagaPolicy> = {
    approvalAbove: { amount: 4000, currency: 'EUR' },
    approvalTimeout: 24 * 3_600_000,
  };

  const awaiting = async (): Promise<string> => {
    const sagaId = await shop.place({}, policy);
    while (!(await shop.recordOf(sagaId)).waitingFor);
    return sagaId;
  };

  it(
    'waits PENDING with its stock held, and goes on when it is approved',
    play(async () => {
      const sagaId = await awaiting();
      expect(await shop.recordOf(sagaId)).toMatchObject({ state: 'PENDING', blockedOn: null });
      await shop.handleOf(sagaId).executeUpdate(approveOrder, { args: [steering()] });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'is undone when it is rejected',
    play(async () => {
      const sagaId = await awaiting();
      await shop.handleOf(sagaId).executeUpdate(rejectOrder, { args: [steering()] });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'ApprovalRejected' });
    }),
  );

  it(
    'is undone when nobody answers within 24 hours',
    play(async () => {
      const sagaId = await awaiting();
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'ApprovalExpired' });
    }),
  );
});
