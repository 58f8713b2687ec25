import { openShop, type Shop } from './shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const play = (body: () => Promise<void>) => () => shop.play(body);

const statuses = async (sagaId: string) =>
  Object.fromEntries((await shop.recordOf(sagaId)).steps.map(({ name, status }) => [name, status]));

describe('an order', () => {
  it(
    'is reserved, paid, shipped and confirmed',
    play(async () => {
      const sagaId = await shop.place();
      expect(await shop.outcomeOf(sagaId)).toMatchObject({
        state: 'COMPLETED',
        data: { total: { amount: 4200, currency: 'EUR' } },
      });
    }),
  );

  it.each([
    ['InsufficientInventory', { items: [{ productId: '456', quantity: 10_000 }] }],
    ['UnknownProduct', { items: [{ productId: 'no-such-product', quantity: 1 }] }],
    ['PaymentDeclined', { paymentMethod: 'pm_declined' }],
    [
      'AddressNotServiceable',
      { shippingAddress: { name: 'A', street: 'B', city: 'C', postalCode: '1', country: 'AQ' } },
    ],
  ])('that is refused for %s is undone, and FAILED says so (rule 8)', async (reason, order) => {
    await shop.play(async () => {
      expect(await shop.outcomeOf(await shop.place(order))).toMatchObject({ state: 'FAILED', reason });
    });
  });

  it(
    'whose payment service is away for five minutes is given back, and that takes no five minutes here (rule 11)',
    play(async () => {
      await shop.arm('payment', { mode: 'unavailable', times: 12 });
      const sagaId = await shop.place({}, { stepTimeout: 60_000 });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      expect(await statuses(sagaId)).toMatchObject({
        reserve_inventory: 'compensated',
        process_payment: 'nothingToDo',
      });
    }),
  );

  it(
    'whose charge happens and whose answers are all lost gets its money back (rules 1, 2 and 9)',
    play(async () => {
      await shop.arm('payment', { mode: 'drop-response', times: 2 });
      const sagaId = await shop.place({}, { stepTimeout: 900 });
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      expect(await shop.ledgerOf('payment', `payments/${sagaId}`)).toMatchObject({ status: 'undone' });
    }),
  );

  it(
    'whose confirmation is refused completes all the same, with a dead letter (rule 29)',
    play(async () => {
      await shop.arm('notification', { mode: 'refuse' });
      expect(await shop.outcomeOf(await shop.place())).toMatchObject({
        state: 'COMPLETED',
        deadLetters: ['send_confirmation'],
      });
    }),
  );
});
