import { createHash } from 'node:crypto';
import type { Metadata, OrderItem, ShippingAddress } from '../../order.js';

/** The content of a request, before defaults are filled in. */
export interface OrderContent {
  readonly customerId?: string | undefined;
  readonly items: readonly OrderItem[];
  readonly paymentMethod?: string | undefined;
  readonly shippingAddress?: ShippingAddress | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Several lines of one product become one line with the sum, in the order of first mention. */
export function mergeItems(items: readonly OrderItem[]): OrderItem[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of items) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  }
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity }));
}

/**
 * A hash that is equal for the same order in any notation: named fields are compared, not bytes, and the order of the
 * lines does not matter. The order id is left out, so that a caller can repeat an id that the API drew.
 */
export function fingerprintOf({ customerId, items, paymentMethod, shippingAddress, metadata }: OrderContent): string {
  const lines = mergeItems(items)
    .map(({ productId, quantity }) => [productId, quantity] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const address = shippingAddress && [
    shippingAddress.name,
    shippingAddress.street,
    shippingAddress.city,
    shippingAddress.postalCode,
    shippingAddress.country,
  ];
  // Orders from before `metadata` existed keep their fingerprints.
  const pairs = Object.entries(metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const content: unknown[] = [customerId ?? null, lines, paymentMethod ?? null, address ?? null];
  if (pairs.length > 0) content.push(pairs);
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
