/** An amount of money has one domain, from 0 to the largest safe integer, at every service that takes or gives one. */
import { openInventory } from '../../src/services/inventory/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { run, type RunningService } from './running-service.js';

let payment: RunningService;
let inventory: RunningService;
beforeAll(async () => {
  [payment, inventory] = await Promise.all([run(openPayment), run(openInventory)]);
});
afterAll(() => Promise.all([payment.stop(), inventory.stop()]));

const body = (amount: number, paymentMethod = 'pm_1') => ({
  orderId: 'o-1',
  customerId: 'c-1',
  paymentMethod,
  amount: { amount, currency: 'EUR' },
});

describe('a payment of 0 (P2)', () => {
  it('is applied without a charge, answers its repeats, and is given back as 0', async () => {
    const path = '/api/payments/order-free';
    const applied = { status: 'applied', effect: 'applied', captured: 0, refunded: 0 };
    expect(await payment.call('PUT', path, body(0))).toMatchObject({ status: 200, body: applied });
    expect(await payment.call('PUT', path, body(0))).toMatchObject({ status: 200, body: applied });
    expect(await payment.call('PUT', path, body(1))).toMatchObject({
      status: 409,
      body: { code: 'IdempotencyMismatch' },
    });
    const undone = { status: 'undone', effect: 'none', captured: 0, refunded: 0 };
    expect(await payment.call('DELETE', path)).toMatchObject({ status: 200, body: undone });
    expect(await payment.call('DELETE', path)).toMatchObject({ status: 200, body: undone });
    expect(await payment.call('PUT', path, body(0))).toMatchObject({ status: 410, body: { code: 'AlreadyCancelled' } });
  });

  it('does not ask the provider, which would decline the token', async () => {
    const answer = await payment.call('PUT', '/api/payments/order-declined', body(0, 'pm_declined'));
    expect(answer).toMatchObject({ status: 200, body: { effect: 'applied' } });
  });
});

it.each([0, 1, Number.MAX_SAFE_INTEGER])('a payment of %d is taken as it is', async (amount) => {
  const answer = await payment.call('PUT', `/api/payments/order-of-${amount}`, body(amount));
  expect(answer).toMatchObject({ status: 200, body: { amount: { amount, currency: 'EUR' }, captured: amount } });
});

it.each([-1, 0.5, Number.MAX_SAFE_INTEGER + 1, '1'])('a payment of %p is refused as no amount', async (amount) => {
  const answer = await payment.call('PUT', '/api/payments/order-never', body(amount as number));
  expect(answer).toMatchObject({ status: 400, body: { code: 'ValidationFailed' } });
});

it('free goods are reserved at a total of 0', async () => {
  await inventory.sql(`INSERT INTO products VALUES ('gift', 'Gift', 0, 'EUR', 10, 10, 0)`);
  const items = [{ productId: 'gift', quantity: 3 }];
  const answer = await inventory.call('PUT', '/api/reservations/order-gift', { orderId: 'o-1', items });
  expect(answer).toMatchObject({ status: 200, body: { total: { amount: 0, currency: 'EUR' } } });
});
