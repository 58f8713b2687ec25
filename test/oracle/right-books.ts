/** Books that are right by construction, to be spoilt by the tests. */
import type { Effect, Notice, Payment, Reservation, Verdict, Shipment } from '../../src/oracle/books.js';
import type { Books } from '../../src/oracle/compare-books.js';

export const PRICE = 2_100;

export const reservation = (id: string, quantity = 2, productId = '123'): Reservation => ({
  kind: 'reservation',
  id,
  items: [{ productId, quantity }],
  total: { amount: quantity * PRICE, currency: 'EUR' },
});

export const payment = (id: string, quantity = 2): Payment => ({
  kind: 'payment',
  id,
  currency: 'EUR',
  captured: quantity * PRICE,
  refunded: 0,
});

export const shipment = (id: string): Shipment => ({ kind: 'shipment', id });

export const notice = (id: string, kind: Notice['kind']): Notice => ({ kind, id: `${id}-${kind}` });

export const verdict = (sagaId: string, state: Verdict['state'], rest: Partial<Verdict> = {}): Verdict => ({
  sagaId,
  state,
  waivers: [],
  deadLetters: [],
  ...rest,
});

/** What a saga in this state leaves behind; one that runs has come so far (0 to 4 effects). */
export function effectsOf({ sagaId, state }: Verdict, quantity: number, progress: number): Effect[] {
  const forward = [
    reservation(sagaId, quantity),
    payment(sagaId, quantity),
    shipment(sagaId),
    notice(sagaId, 'confirmation'),
  ];
  if (state === 'COMPLETED') return forward;
  if (state === 'FAILED' || state === 'CANCELLED') return [notice(sagaId, 'cancellation')];
  if (state !== 'COMPENSATING') return forward.slice(0, progress);
  return progress === 0 ? [notice(sagaId, 'cancellation')] : forward.slice(0, Math.min(progress, 3));
}

/** The books with the stock that their reservations explain. */
export function booksOf(verdicts: readonly Verdict[], effects: readonly Effect[]): Books {
  const held = effects
    .flatMap((effect) => (effect.kind === 'reservation' ? effect.items : []))
    .reduce((sum, { quantity }) => sum + quantity, 0);
  const products = [
    { productId: '123', available: 1_000_000 - held, reserved: held },
    { productId: '789', available: 1, reserved: 0 },
  ];
  return { verdicts, effects, products };
}

/** One saga, all alone, with what it should have. */
export const rightBooks = (only: Verdict, progress = 4): Books => booksOf([only], effectsOf(only, 2, progress));
