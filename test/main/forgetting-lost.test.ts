/** Forgetting orders whose workflow was ended from outside: what they have left alive decides (rules 27 and 55). */
import { forgetOrder, type Forgotten } from '../../src/cli/forget-orders.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { fingerprintOf } from '../../src/orders/store/fingerprint.js';
import { openShop, type Shop } from '../workflows/shop.js';

const BY = { actor: 'olga', reason: 'ticket 17' };
const WAITS = { approvalAbove: [{ amount: 1, currency: 'EUR' }], approvalTimeout: 600_000 };
const SENTENCE = 'is alive without an owner: reset its workflow, or undo it at the services';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
  await shop.journal.journal.prepare();
});
afterAll(() => shop.close());

const forget = (orderId: string, services: Shop['urls'] = shop.urls): Promise<Forgotten | undefined> => {
  const { orders, env, journal } = shop;
  return forgetOrder({ orders, journal: journal.reader, client: env.client, services }, orderId, BY, false);
};
const stored = (orderId: string) => shop.orders.get(orderId);

/** An order that holds its stock and waits for an approval, whose workflow is then terminated. */
async function terminated(orderId: string): Promise<string> {
  const sagaId = await shop.place({ orderId }, WAITS);
  await shop.orders.confirm(orderId);
  await eventually('the wait', 20_000, async () => {
    // A crowded machine may keep a reader waiting for longer than it does.
    const saga = await shop.journal.reader.getSaga(sagaId).catch(() => undefined);
    return saga !== undefined && saga.waitingFor !== null;
  });
  await shop.handleOf(sagaId).terminate('by mistake');
  return sagaId;
}

describe('an order whose workflow was terminated', () => {
  it('is not forgotten while something that it did is alive, and the sentence says what to do (rule 27)', async () => {
    const sagaId = await terminated('lost-1');
    expect(await forget('lost-1')).toMatchObject({
      done: false,
      why: expect.stringContaining(`TERMINATED, and its reservation ${SENTENCE}`) as string,
    });
    expect(await stored('lost-1')).toMatchObject({ customerId: 'ann', forgottenAt: null });
    // Two effects are named both.
    const payment = {
      orderId: 'lost-1',
      customerId: 'ann',
      paymentMethod: 'pm_ok',
      amount: { amount: 4200, currency: 'EUR' },
    };
    expect(await shop.call('payment', 'PUT', `payments/${sagaId}`, payment)).toMatchObject({ status: 200 });
    expect((await forget('lost-1'))?.why).toContain(`its reservation and its payment ${SENTENCE}`);
  });

  it('is forgotten when none of its effects is live any more, even if the journal says otherwise (rule 55)', async () => {
    const sagaId = await terminated('lost-2');
    await shop.call('inventory', 'DELETE', `reservations/${sagaId}`);
    expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'PENDING' });
    expect(await forget('lost-2')).toEqual({
      orderId: 'lost-2',
      done: true,
      why: 'TERMINATED, nothing of it is alive',
    });
    expect(await stored('lost-2')).toMatchObject({ forgottenAt: expect.any(String) as string });
  });

  it('is not forgotten while a service does not say what is alive', async () => {
    await terminated('lost-3');
    await shop.call('inventory', 'DELETE', 'reservations/order-lost-3');
    const away = { ...shop.urls, payment: 'http://127.0.0.1:1' };
    expect(await forget('lost-3', away)).toMatchObject({
      done: false,
      why: expect.stringContaining('what it has left behind is not known, so repeat this: No answer from') as string,
    });
    expect(await stored('lost-3')).toMatchObject({ forgottenAt: null });
    expect(await forget('lost-3')).toMatchObject({ done: true });
  });
});

describe('an order that Temporal does not know any more', () => {
  const placed = async (orderId: string): Promise<void> => {
    const shippingAddress = { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };
    const items = [{ productId: '123', quantity: 1 }];
    const order = { orderId, customerId: 'ann', items, paymentMethod: 'pm_ok', shippingAddress };
    await shop.orders.ask({ order, fingerprint: fingerprintOf(order), named: true });
    await shop.orders.confirm(orderId);
  };

  it('and that holds stock is not forgotten before that is undone', async () => {
    await placed('gone-1');
    const items = [{ productId: '123', quantity: 1 }];
    await shop.call('inventory', 'PUT', 'reservations/order-gone-1', { orderId: 'gone-1', items });
    expect((await forget('gone-1'))?.why).toContain(`known to Temporal no more, and its reservation ${SENTENCE}`);
    await shop.call('inventory', 'DELETE', 'reservations/order-gone-1');
    expect(await forget('gone-1')).toMatchObject({ done: true });
  });

  it('and that holds nothing is forgotten', async () => {
    await placed('gone-2');
    expect(await forget('gone-2')).toMatchObject({
      done: true,
      why: 'known to Temporal no more, nothing of it is alive',
    });
  });
});
