import { createHash } from 'node:crypto';

export interface Line {
  readonly productId: string;
  readonly quantity: number;
}

/** One line for each product, in the order of their ids. So the order and the number of its mentions do not matter. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return [...quantities]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

/**
 * A hash that is equal if two requests mean the same. It covers named business fields in a fixed order, never bytes,
 * because another client may write its JSON in another way. Only the hash is kept, because the fields may be
 * personal.
 */
export function fingerprintOf(fields: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
