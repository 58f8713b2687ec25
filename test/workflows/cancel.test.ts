import { approve, cancelSaga, resolveStep, type SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
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
      await eventually(
        'the payment',
        30_000,
        async () => (await shop.recordOf(sagaId)).currentStep === 'process_payment',
      );
      const decision = await shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] });
      expect(decision).toMatchObject({ accepted: true, state: 'COMPENSATING' });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'CANCELLED', reason: 'CancelRequested' });
    }),
  );

  const APPROVED: Partial<SagaPolicy> = {
    approvalAbove: [{ amount: 4000, currency: 'EUR' }],
    approvalTimeout: 24 * 3_600_000,
  };

  it.each(['first', 'second'])(
    'that needs an approval waits PENDING with its stock held, and goes on when it is approved: the %s one',
    async () => {
      await shop.play(async () => {
        const sagaId = await shop.place({}, APPROVED);
        await eventually('it to wait', 30_000, async () => (await shop.recordOf(sagaId)).waitingFor !== null);
        await shop.env.skip(23 * 3_600_000);
        expect(await shop.recordOf(sagaId)).toMatchObject({ state: 'PENDING', blockedOn: null });
        await shop.handleOf(sagaId).executeUpdate(approve, { args: [steering()] });
        expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
      });
    },
  );

  it(
    'that nobody approves within 24 hours is undone',
    play(async () => {
      const sagaId = await shop.place({}, APPROVED);
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'ApprovalExpired' });
    }),
  );

  it(
    'whose refund fails for two hours waits for an operator, and can be resolved afterwards (rules 16 and 18)',
    play(async () => {
      await shop.arm('payment', { mode: 'unavailable', operation: 'DELETE', times: 1_000_000 });
      await shop.arm('shipping', { mode: 'refuse' });
      const sagaId = await shop.place({}, { compensationBudget: 2 * 3_600_000 });
      expect(await shop.blocked(sagaId)).toMatchObject({ state: 'COMPENSATING', blockedOn: 'process_payment' });
      await shop.env.skip(24 * 3_600_000);
      await shop.disarm();
      const request = { ...steering(), step: 'process_payment', action: 'retry' as const, requestId: sagaId };
      await shop.handleOf(sagaId).executeUpdate(resolveStep, { args: [request] });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'AddressNotServiceable' });
    }),
  );
});
