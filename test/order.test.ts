import { decimalsOf, formatMoney, orderIdOf, sagaIdOf } from '../src/order.js';

describe('the order of a saga', () => {
  it('is named by the id of the saga', () => {
    expect(['4711', 'a_b-c'].map((orderId) => orderIdOf(sagaIdOf(orderId)))).toEqual(['4711', 'a_b-c']);
  });

  it.each(['4711', 'trip-1', 'order-', 'order', 'reorder-1', 'order-order-1', 'order-a/b', 'order-a\nb', ''])(
    'is not there if the saga is no order’s, although its id looks like one: %j',
    (sagaId) => {
      expect(orderIdOf(sagaId)).toBeUndefined();
    },
  );
});

describe('an amount of money (P3)', () => {
  it.each([
    [0, 'EUR', '0.00 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [4200, 'EUR', '42.00 EUR'],
    [-4205, 'EUR', '-42.05 EUR'],
    [100_000, 'JPY', '100000 JPY'],
    [0, 'JPY', '0 JPY'],
    [1_234_500, 'CLF', '123.4500 CLF'],
    [7, 'UYW', '0.0007 UYW'],
    [1_234, 'BHD', '1.234 BHD'],
    [Number.MAX_SAFE_INTEGER, 'EUR', '90071992547409.91 EUR'],
    [Number.MAX_SAFE_INTEGER, 'CLF', '900719925474.0991 CLF'],
  ])('of %d in %s is written as %s', (amount, currency, text) => {
    expect(formatMoney({ amount, currency })).toBe(text);
  });

  it("has ISO 4217's number of decimals; Intl differs for currencies whose coins are out of use, and only there", () => {
    const shown = (currency: string) =>
      new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;
    const differing = Intl.supportedValuesOf('currency').filter((currency) => shown(currency) !== decimalsOf(currency));
    expect(differing.map(shown)).toEqual(differing.map(() => 0));
    expect([decimalsOf('IQD'), decimalsOf('HUF'), decimalsOf('IDR')]).toEqual([3, 2, 2]);
  });
});
