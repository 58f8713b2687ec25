// Orders over 0, and orders that wait for an approval in the currency that they are in.
import type { SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { openShop, steering, type Shop } from './shop.js';
import { approve } from '../../src/workflows/messages.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  await shop.offer('gift', 0, 'EUR');
  await shop.offer('yen', 15_000, 'JPY');
  await shop.offer('free-yen', 0, 'JPY');
});
afterAll(() => shop.close());

const of = (productId: string) => ({ items: [{ productId, quantity: 2 }] });

describe('an order over 0 (P2)', () => {
  it('completes with a payment of 0, and the books agree', () =>
    shop.play(async () => {
      const sagaId = await shop.place(of('gift'));
      const outcome = await shop.outcomeOf(sagaId);
      expect(outcome).toMatchObject({ state: 'COMPLETED', data: { total: { amount: 0, currency: 'EUR' } } });
      const payment = await shop.ledgerOf('payment', `payments/${sagaId}`);
      expect(payment).toMatchObject({ effect: 'applied', captured: 0, refunded: 0 });
    }));

  it('that is refused at a later step refunds 0, and the books agree', () =>
    shop.play(async () => {
      await shop.arm('shipping', { mode: 'refuse' });
      const sagaId = await shop.place(of('gift'));
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'AddressNotServiceable' });
      const payment = await shop.ledgerOf('payment', `payments/${sagaId}`);
      expect(payment).toMatchObject({ status: 'undone', effect: 'none', captured: 0, refunded: 0 });
    }));
});

describe('an order with limits of approval (P3)', () => {
  const EUR = { amount: 4_199, currency: 'EUR' };
  const JPY = { amount: 30_000, currency: 'JPY' };
  const limits = (approvalAbove: NonNullable<SagaPolicy['approvalAbove']>): Partial<SagaPolicy> => ({
    approvalAbove,
    approvalTimeout: 3_600_000,
  });

  /** Whether it waits; it is approved then, and completes in any case. */
  async function waits(productId: string, approvalAbove: NonNullable<SagaPolicy['approvalAbove']>): Promise<boolean> {
    const sagaId = await shop.place(of(productId), limits(approvalAbove));
    const record = await eventually('a wait or an end', 20_000, async () => {
      const now = await shop.recordOf(sagaId);
      return (now.waitingFor !== null || now.state === 'COMPLETED') && now;
    });
    if (record.waitingFor) await shop.handleOf(sagaId).executeUpdate(approve, { args: [steering()] });
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
    return record.waitingFor !== null;
  }

  it.each([
    ['above the limit of its currency waits', '123', [EUR, JPY], true],
    ['at the limit of its currency does not wait', 'yen', [EUR, JPY], false],
    ['above the limit in a currency without decimals waits', 'yen', [EUR, { ...JPY, amount: 29_999 }], true],
    ['in a currency that has no limit waits while others have one', 'yen', [EUR], true],
    ['over 0 in a currency that has no limit waits as well', 'free-yen', [EUR], true],
    ['in a currency that has no limit does not wait if none has one', 'yen', [], false],
  ] as const)('%s', (_what, productId, approvalAbove, expected) =>
    shop.play(async () => {
      expect(await waits(productId, approvalAbove)).toBe(expected);
    }),
  );
});
