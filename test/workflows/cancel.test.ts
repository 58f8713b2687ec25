// This server loses Updates once its time has been skipped far: these tests have one of their own.
import { cancelOrder } from '../../src/workflows/messages.js';
import { openShop, steering, type Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const play = (body: () => Promise<void>) => () => shop.play(body);

describe('an order', () => {
  it(
    'that is cancelled while it is paid is undone (rules 24 and 25)',
    play(async () => {
      await shop.arm('payment', { mode: 'slow-answer', delayMs: 900 });
      const sagaId = await shop.place();
      while ((await shop.recordOf(sagaId)).currentStep !== 'process_payment');
      const decision = await shop.handleOf(sagaId).executeUpdate(cancelOrder, { args: [steering()] });
      expect(decision).toMatchObject({ accepted: true, state: 'COMPENSATING' });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'CANCELLED', reason: 'CancelRequested' });
    }),
  );
});
