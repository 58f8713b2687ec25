import type { Reservation, Stock } from './books.js';
import type { Difference } from './difference.js';

/**
 * Clause d: held equals reserved. A reservation that came or went during the reading (`passing`) may be in `reserved`
 * or not.
 */
export function compareStock({ reservations, products, passing }: Stock): Difference[] {
  const passingIds = new Set(passing.map(({ id }) => id));
  const atLeast = unitsHeld(reservations.filter(({ id }) => !passingIds.has(id)));
  const uncertain = unitsHeld(passing);
  const reservedOf = new Map(products.map((product) => [product.productId, product.reserved]));
  const wrong = [...new Set([...reservedOf.keys(), ...atLeast.keys()])].flatMap((productId) => {
    const reserved = reservedOf.get(productId) ?? 0;
    const least = atLeast.get(productId) ?? 0;
    const most = least + (uncertain.get(productId) ?? 0);
    if (reserved >= least && reserved <= most) return [];
    const held = least === most ? `${least}` : `${least} to ${most}`;
    return [differs(productId, `Product ${productId} says ${reserved} reserved, but live reservations hold ${held}.`)];
  });
  const negative = products.filter(({ available, reserved }) => available < 0 || reserved < 0);
  return [
    ...wrong,
    ...negative.map(({ productId }) => differs(productId, `Product ${productId} has stock below zero (rule 22).`)),
  ];
}

const differs = (productId: string, sentence: string): Difference => ({
  kind: 'stock',
  sagaId: null,
  effect: productId,
  sentence,
});

function unitsHeld(reservations: readonly Reservation[]): Map<string, number> {
  const held = new Map<string, number>();
  for (const { items } of reservations) {
    for (const { productId, quantity } of items) held.set(productId, (held.get(productId) ?? 0) + quantity);
  }
  return held;
}
