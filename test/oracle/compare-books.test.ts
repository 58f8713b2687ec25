import type { Effect, Verdict } from '../../src/oracle/books.js';
import { compareBooks, type Books } from '../../src/oracle/compare-books.js';
import { compareStock } from '../../src/oracle/compare-stock.js';
import { booksOf, notice, payment, reservation, rightBooks, shipment, verdict } from './right-books.js';

const without = (books: Books, kind: Effect['kind']): Books => ({
  ...books,
  effects: books.effects.filter((effect) => effect.kind !== kind),
});

/** `kind sagaId effect`, as an operator would search for it. */
const found = (books: Books): string[] =>
  compareBooks(books).map(({ kind, sagaId, effect }) => `${kind} ${sagaId ?? '-'} ${effect}`);

const WAIVED = { actor: 'ann', reason: 'the parcel has left' };

describe('the oracle finds right books right', () => {
  it.each(['COMPLETED', 'FAILED', 'CANCELLED'] as const)(
    'rule 34: a saga that is %s and has what it should',
    (state) => {
      expect(compareBooks(rightBooks(verdict('order-1', state)))).toEqual([]);
    },
  );

  it.each([0, 1, 2, 3, 4])('rule 34: a running saga that has come %i effects far', (progress) => {
    expect(compareBooks(rightBooks(verdict('order-1', 'PENDING'), progress))).toEqual([]);
  });

  it.each([0, 1, 2, 3])('rule 34: an unwinding saga with %i effects still to undo, or its notice sent', (progress) => {
    expect(compareBooks(rightBooks(verdict('order-1', 'COMPENSATING'), progress))).toEqual([]);
  });

  it('rule 29: a notice that is a dead letter in the verdict is not missed', () => {
    const completed = rightBooks(verdict('order-1', 'COMPLETED', { deadLetters: ['send_confirmation'] }));
    expect(found(without(completed, 'confirmation'))).toEqual([]);
    const failed = rightBooks(verdict('order-2', 'FAILED', { deadLetters: ['send_cancellation_notice'] }));
    expect(found(without(failed, 'cancellation'))).toEqual([]);
  });

  it.each([
    ['reserve_inventory', reservation('order-1')],
    ['process_payment', payment('order-1')],
    ['create_shipment', shipment('order-1')],
  ])('rule 4: what is left of %s is excused by its waiver, and by no other', (step, left) => {
    const effects = [left, notice('order-1', 'cancellation')];
    const failed = verdict('order-1', 'FAILED', { waivers: [{ step, ...WAIVED }] });
    expect(found(booksOf([failed], effects))).toEqual([]);
    const other = verdict('order-1', 'FAILED', { waivers: [{ step: 'send_confirmation', ...WAIVED }] });
    expect(found(booksOf([other], effects))).toContain(`leftover order-1 ${left.kind}`);
  });

  it("an order id that ends like a notice's is not taken for the notice", () => {
    expect(compareBooks(rightBooks(verdict('order-my-confirmation', 'COMPLETED')))).toEqual([]);
  });
});

const completed = rightBooks(verdict('order-1', 'COMPLETED'));

describe('the oracle catches effects without an owner, and owners without their effects', () => {
  it.each([reservation('order-9'), payment('order-9'), shipment('order-9'), notice('order-9', 'confirmation')])(
    'rule 34: an effect that no saga owns: $kind',
    (effect) => {
      expect(found(booksOf([], [effect]))).toContain(`orphan order-9 ${effect.kind}`);
    },
  );

  it('rule 27: a run that ended without a verdict, and what it left behind', () => {
    const books = booksOf([verdict('order-1', 'ABANDONED')], [reservation('order-1'), payment('order-1')]);
    expect(found(books)).toEqual([
      'orphan order-1 reservation',
      'orphan order-1 payment',
      'abandoned order-1 saga',
      'money - EUR',
    ]);
  });

  it.each(['FAILED', 'CANCELLED'] as const)('rule 34: effects that live on after the saga is %s', (state) => {
    for (const left of [reservation('order-1'), payment('order-1'), shipment('order-1')]) {
      const books = booksOf([verdict('order-1', state)], [left, notice('order-1', 'cancellation')]);
      expect(found(books)).toContain(`leftover order-1 ${left.kind}`);
    }
  });

  it.each(['reservation', 'payment', 'shipment'] as const)('rule 34: a COMPLETED order without its %s', (kind) => {
    const { verdicts, effects } = without(completed, kind);
    expect(found(booksOf(verdicts, effects))).toContain(`missing-effect order-1 ${kind}`);
  });
});

describe('the oracle catches notices that contradict the verdict, and missing ones', () => {
  it.each(['COMPENSATING', 'FAILED', 'CANCELLED'] as const)('rule 34: a confirmation of a saga that is %s', (state) => {
    const right = rightBooks(verdict('order-1', state), 0);
    expect(found({ ...right, effects: [...right.effects, notice('order-1', 'confirmation')] })).toEqual([
      'wrong-notice order-1 confirmation',
    ]);
  });

  it.each(['STARTED', 'PENDING', 'COMPLETED'] as const)(
    'rule 34: a cancellation notice of a saga that is %s',
    (state) => {
      const right = rightBooks(verdict('order-1', state));
      expect(found({ ...right, effects: [...right.effects, notice('order-1', 'cancellation')] })).toEqual([
        'wrong-notice order-1 cancellation',
      ]);
    },
  );

  it('rule 34: a COMPLETED order without its confirmation', () => {
    expect(found(without(completed, 'confirmation'))).toEqual(['missing-notice order-1 confirmation']);
  });

  it.each(['FAILED', 'CANCELLED'] as const)('rule 34: a saga that is %s without its cancellation notice', (state) => {
    const books = without(rightBooks(verdict('order-1', state)), 'cancellation');
    expect(found(books)).toEqual(['missing-notice order-1 cancellation']);
  });

  it('rule 34: the dead letter of another step excuses no notice', () => {
    const books = rightBooks(verdict('order-1', 'COMPLETED', { deadLetters: ['send_cancellation_notice'] }));
    expect(found(without(books, 'confirmation'))).toEqual(['missing-notice order-1 confirmation']);
  });
});

describe('the oracle catches each unit and each cent', () => {
  it.each([-1, 1])('rule 34: reserved stock that differs from what is held by %i', (by) => {
    const products = [{ productId: '123', available: 999_998, reserved: 2 + by }];
    expect(found({ ...completed, products })).toEqual(['stock - 123']);
  });

  it('rule 34: a reservation of a product that the catalogue does not know', () => {
    expect(found({ ...completed, products: [] })).toEqual(['stock - 123']);
  });

  it('rule 22: stock below zero', () => {
    const products = [{ productId: '123', available: -1, reserved: 2 }];
    expect(found({ ...completed, products })).toEqual(['stock - 123']);
  });

  it.each([
    ['charged one cent too much', { captured: 4_201 }],
    ['charged twice', { captured: 8_400 }],
    ['refunded in part', { refunded: 1 }],
    ['charged in another currency', { currency: 'USD' }],
  ])('rule 34: a COMPLETED order that was %s', (_, wrong) => {
    const effects = completed.effects.map((effect) => (effect.kind === 'payment' ? { ...effect, ...wrong } : effect));
    expect(found({ ...completed, effects })).toEqual(expect.arrayContaining(['amount order-1 payment', 'money - EUR']));
  });

  it('rule 34: a reservation that was priced otherwise than the saga says', () => {
    const total = { amount: 1, currency: 'EUR' };
    const verdicts: Verdict[] = [verdict('order-1', 'COMPLETED', { total })];
    expect(found({ ...completed, verdicts })).toEqual([
      'amount order-1 reservation',
      'amount order-1 payment',
      'money - EUR',
    ]);
  });

  it('rule 34: money that no order explains', () => {
    expect(found(booksOf([], [payment('order-9')]))).toEqual(['orphan order-9 payment', 'money - EUR']);
  });

  it('rule 7: the neighbours of a wrong order stay out of it', () => {
    const sagas = ['order-1', 'order-2', 'order-3'].map((id) => verdict(id, 'COMPLETED'));
    const effects = sagas.flatMap((saga) => rightBooks(saga).effects).filter(({ id }) => id !== 'order-2-confirmation');
    expect(found(booksOf(sagas, effects))).toEqual(['missing-notice order-2 confirmation']);
  });

  it('says what is wrong in a sentence', () => {
    const [difference] = compareBooks(booksOf([verdict('order-1', 'FAILED')], [shipment('order-1')]));
    expect(difference?.sentence).toBe('The shipment order-1 is live, but its saga is FAILED and waived nothing of it.');
  });
});

describe('stock that moves while it is read', () => {
  const products = [{ productId: '123', available: 0, reserved: 5 }];

  it('rule 34: a reservation that came or went may be counted or not', () => {
    const lasting = reservation('order-1', 3);
    const passing = [reservation('order-2', 2), reservation('order-3', 4)];
    expect(compareStock({ reservations: [lasting, passing[0] ?? lasting], products, passing })).toEqual([]);
  });

  it('rule 34: but it explains no more than it holds', () => {
    const passing = [reservation('order-2', 1)];
    const differences = compareStock({ reservations: [reservation('order-1', 3)], products, passing });
    expect(differences.map(({ sentence }) => sentence)).toEqual([
      'Product 123 says 5 reserved, but live reservations hold 3 to 4.',
    ]);
  });
});
