import { createHash } from 'node:crypto';

export interface Line {
  readonly productId: string;
  readonly quantity: number;
}

/** One line for each product, in the order of their ids: how often and in which order they were named does not matter. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return [...quantities]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

/**
 * Tells whether two requests mean the same, by named business fields in a fixed order, never by bytes: another client
 * may write its JSON in another way. Only the hash is kept, for the fields may be personal.
 */
export function fingerprintOf(fields: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
