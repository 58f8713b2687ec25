import type { Order } from '../../../src/order.js';
import { rememberOrders } from '../../../src/orders/store/cache.js';

const ORDER: Order = {
  orderId: '7',
  customerId: 'ann',
  items: [{ productId: '123', quantity: 2 }],
  paymentMethod: 'pm_ok',
  shippingAddress: { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' },
};

/** A table that answers what it is told to, one after the other, and counts. */
function table(...answers: (Order | undefined | Error)[]) {
  const asked: string[] = [];
  const get = async (orderId: string): Promise<Order | undefined> => {
    asked.push(orderId);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, get };
}

describe('an order that is remembered', () => {
  it('is read once, also by two calls at the same time', async () => {
    const orders = table(ORDER);
    const { get } = rememberOrders(orders);
    expect(await Promise.all([get('7'), get('7')])).toEqual([ORDER, ORDER]);
    expect(await get('7')).toBe(ORDER);
    expect(orders.asked).toEqual(['7']);
  });

  it('is read again if it was not there, or could not be read', async () => {
    const { get } = rememberOrders(table(undefined, new Error('away'), ORDER));
    expect(await get('7')).toBeUndefined();
    await expect(get('7')).rejects.toThrow('away');
    expect(await get('7')).toBe(ORDER);
  });

  it('is forgotten after ten seconds, as its customer may be', async () => {
    let now = 1_000;
    const { get } = rememberOrders(table(ORDER, undefined), { now: () => now });
    now += 9_999;
    expect(await get('7')).toBe(ORDER);
    now += 10_001;
    expect(await get('7')).toBeUndefined();
  });
});
