import { fingerprintOf, mergeItems } from '../../../src/orders/store/fingerprint.js';

const shippingAddress = { name: 'N', street: 'S', city: 'C', postalCode: 'P', country: 'AT' };
const a = { productId: 'a', quantity: 1 };
const b = { productId: 'b', quantity: 2 };

describe('merging lines', () => {
  it('adds up the lines of one product at its first mention', () => {
    expect(mergeItems([a, b, { productId: 'a', quantity: 3 }])).toEqual([{ productId: 'a', quantity: 4 }, b]);
  });
});

describe('the fingerprint of an order', () => {
  const order = { customerId: 'c', items: [a, b], paymentMethod: 'pm', shippingAddress };
  const print = fingerprintOf(order);

  it.each([
    ['its lines in another order', { ...order, items: [b, a] }],
    ['a line split in two', { ...order, items: [a, { ...b, quantity: 1 }, { ...b, quantity: 1 }] }],
    ['fields in another order', { shippingAddress, paymentMethod: 'pm', items: [a, b], customerId: 'c' }],
  ])('is the same with %s', (_what, same) => {
    expect(fingerprintOf(same)).toBe(print);
  });

  it.each([
    ['another quantity', { ...order, items: [a, { ...b, quantity: 3 }] }],
    ['another customer', { ...order, customerId: 'd' }],
    ['no customer', { items: order.items, paymentMethod: 'pm', shippingAddress }],
    ['another payment method', { ...order, paymentMethod: 'pn' }],
    ['another street', { ...order, shippingAddress: { ...shippingAddress, street: 'T' } }],
    ['name and street exchanged', { ...order, shippingAddress: { ...shippingAddress, name: 'S', street: 'N' } }],
  ])('is another with %s', (_what, other) => {
    expect(fingerprintOf(other)).not.toBe(print);
  });
});
