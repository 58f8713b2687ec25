/** Random right books, and one random wrong thing in them. The seed of a failure is printed by fast-check. */
import * as fc from 'fast-check';
import type { Effect, Verdict } from '../../src/oracle/books.js';
import { ownerOf } from '../../src/oracle/books.js';
import { compareBooks, type Books } from '../../src/oracle/compare-books.js';
import { booksOf, effectsOf, notice, payment, reservation, shipment, verdict } from './right-books.js';

const STATES = ['STARTED', 'PENDING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

const sagaIn = (...states: readonly (typeof STATES)[number][]) =>
  fc.record({ state: fc.constantFrom(...states), quantity: fc.integer({ min: 1, max: 9 }), progress: fc.nat(4) });
const sagas = fc.array(sagaIn(...STATES), { maxLength: 30 });
type Drawn = typeof sagas extends fc.Arbitrary<infer Value> ? Value : never;

const rightBooks = sagas.map(booksAfter);

/** Right books with one saga at least that has ended so. */
const rightBooksWith = (state: (typeof STATES)[number]) =>
  fc
    .tuple(
      fc.array(sagaIn(...STATES), { maxLength: 15 }),
      sagaIn(state),
      fc.array(sagaIn(...STATES), { maxLength: 14 }),
    )
    .map(([before, own, after]) => booksAfter([...before, own, ...after]));

function booksAfter(drawn: Drawn): Books {
  const verdicts = drawn.map(({ state }, index) => verdict(`order-${index}`, state));
  const effects = drawn.flatMap(({ quantity, progress }, index) => {
    const own = verdicts[index];
    return own === undefined ? [] : effectsOf(own, quantity, progress);
  });
  return booksOf(verdicts, effects);
}

/** Spoils right books in one place, and says which kinds of difference this place allows. */
type Spoil = (books: Books, victim: Verdict) => { books: Books; kinds: string[] };

const removeAny: Spoil = ({ verdicts, effects }, { sagaId }) => {
  const index = effects.findIndex((effect) => ownerOf(effect) === sagaId);
  return { books: booksOf(verdicts, effects.toSpliced(index, 1)), kinds: ['missing-effect', 'missing-notice'] };
};

const forgetSaga: Spoil = ({ verdicts, effects, products }, victim) => ({
  books: { effects, products, verdicts: verdicts.filter((own) => own !== victim) },
  kinds: ['orphan'],
});

const failSaga: Spoil = ({ verdicts, effects, products }, victim) => ({
  books: {
    effects,
    products,
    verdicts: verdicts.map((own) => (own === victim ? { ...own, state: 'FAILED' } : own)),
  },
  kinds: ['leftover', 'wrong-notice', 'missing-notice'],
});

const spoils: readonly { readonly of: (typeof STATES)[number]; readonly spoil: Spoil }[] = [
  { of: 'COMPLETED', spoil: removeAny },
  { of: 'FAILED', spoil: removeAny },
  { of: 'CANCELLED', spoil: removeAny },
  { of: 'COMPLETED', spoil: forgetSaga },
  { of: 'FAILED', spoil: forgetSaga },
  { of: 'COMPLETED', spoil: failSaga },
  ...[reservation, payment, shipment].flatMap((effect) =>
    (['FAILED', 'CANCELLED'] as const).map((of) => ({ of, spoil: adding(effect, 'leftover') })),
  ),
  ...(['FAILED', 'CANCELLED'] as const).map((of) => ({
    of,
    spoil: adding((id) => notice(id, 'confirmation'), 'wrong-notice'),
  })),
  { of: 'COMPLETED', spoil: adding((id) => notice(id, 'cancellation'), 'wrong-notice') },
];

function adding(effect: (sagaId: string) => Effect, kind: string): Spoil {
  return ({ verdicts, effects }, { sagaId }) => ({
    books: booksOf(verdicts, [...effects, effect(sagaId)]),
    kinds: [kind],
  });
}

it('rule 34: any right books are found right', () => {
  fc.assert(fc.property(rightBooks, (books) => expect(compareBooks(books)).toEqual([])));
});

it('rule 34: one wrong thing in any books is found, under its kind, at the saga that it belongs to', () => {
  const spoiled = fc
    .constantFrom(...spoils)
    .chain(({ of, spoil }) => fc.record({ right: rightBooksWith(of), of: fc.constant(of), spoil: fc.constant(spoil) }));
  fc.assert(
    fc.property(spoiled, fc.nat(), ({ right, of, spoil }, pick) => {
      const victims = right.verdicts.filter(({ state }) => state === of);
      const victim = victims[pick % victims.length];
      if (!victim) throw new Error(`the books have no saga that is ${of}`);
      const { books, kinds } = spoil(right, victim);
      const differences = compareBooks(books);
      expect(differences.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining([expect.stringMatching(kinds.join('|'))]),
      );
      const named = differences.flatMap(({ sagaId }) => sagaId ?? []);
      expect(new Set(named)).toEqual(new Set([victim.sagaId]));
    }),
  );
});

const offBy = fc.integer({ min: -1_000_000, max: 1_000_000 }).filter((by) => by !== 0);

it('rule 34: any unit of stock that is off is found', () => {
  fc.assert(
    fc.property(rightBooks, offBy, (books, by) => {
      const products = books.products.map((stock) =>
        stock.productId === '123' ? { ...stock, reserved: stock.reserved + by } : stock,
      );
      const differences = compareBooks({ ...books, products });
      expect(new Set(differences.map(({ kind, effect }) => `${kind} ${effect}`))).toEqual(new Set(['stock 123']));
    }),
  );
});

it('rule 34: any cent that is off in the till of completed orders is found', () => {
  fc.assert(
    fc.property(rightBooksWith('COMPLETED'), offBy, fc.constantFrom('captured', 'refunded'), (books, by, field) => {
      const victim = books.verdicts.find(({ state }) => state === 'COMPLETED');
      if (!victim) throw new Error('the books have no saga that is COMPLETED');
      const effects = books.effects.map((effect) =>
        effect.kind === 'payment' && effect.id === victim.sagaId ? { ...effect, [field]: effect[field] + by } : effect,
      );
      const kinds = compareBooks({ ...books, effects }).map(({ kind, sagaId }) => `${kind} ${sagaId ?? '-'}`);
      expect(kinds).toEqual([`amount ${victim.sagaId}`, 'money -']);
    }),
  );
});
