import { z } from 'zod';
import type { Sql } from '../participant/database.js';
import { lines, money, orderId, pricedLines } from '../participant/fields.js';
import { mergeLines, type Line } from '../participant/fingerprint.js';
import type { Refusal } from '../participant/ledger.js';
import type { Participant } from '../participant/participant.js';
import { invalid } from '../participant/validate.js';

const request = z.strictObject({ orderId, items: lines });

interface Product {
  readonly id: string;
  readonly price: number;
  readonly currency: string;
  readonly available: number;
}

/** A PUT holds all of the order's products or none of them, a DELETE gives them back. */
export const reservations: Participant<z.infer<typeof request>> = {
  name: 'inventory',
  collection: 'reservations',
  schemaFile: new URL('./schema.sql', import.meta.url),
  laterFiles: [new URL('./unit-prices.sql', import.meta.url)],
  request,
  detail: { items: pricedLines, total: money },
  refusals: ['InsufficientInventory', 'UnknownProduct', 'MixedCurrencies'],
  fingerprint: ({ orderId, items }) => [
    orderId,
    mergeLines(items).map(({ productId, quantity }) => [productId, quantity]),
  ],

  async apply(sql, id, { items }) {
    const wanted = mergeLines(items);
    const products = await lockProducts(sql, wanted);
    const refusal = judge(wanted, products);
    if (refusal !== undefined) return refusal;
    await hold(sql, id, wanted);
    return undefined;
  },

  undo: {
    refusal: 'ReleaseRefused',
    async run(sql, id) {
      const held = await sql<Line & Record<string, unknown>>(
        'SELECT product_id AS "productId", quantity FROM reservation_items WHERE reservation_id = $1',
        [id],
      );
      await lockProducts(sql, held);
      await release(sql, id);
      return undefined;
    },
  },
};

/** Always in the order of their ids, so that two orders for the same products never wait for each other in a circle. */
async function lockProducts(sql: Sql, wanted: readonly Line[]): Promise<Map<string, Product>> {
  const rows = await sql<Product & Record<string, unknown>>(
    'SELECT id, price, currency, available FROM products WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE',
    [wanted.map(({ productId }) => productId)],
  );
  return new Map(rows.map((product) => [product.id, product]));
}

function judge(wanted: readonly Line[], products: ReadonlyMap<string, Product>): Refusal | undefined {
  const unknown = wanted.filter(({ productId }) => !products.has(productId));
  if (unknown.length > 0) return { code: 'UnknownProduct', detail: `Not in the catalogue: ${named(unknown)}.` };
  const currencies = new Set([...products.values()].map(({ currency }) => currency));
  if (currencies.size > 1) {
    return {
      code: 'MixedCurrencies',
      detail: `One order has one currency, not ${[...currencies].sort().join(' and ')}.`,
    };
  }
  const short = wanted.filter(({ productId, quantity }) => (products.get(productId)?.available ?? 0) < quantity);
  if (short.length > 0) return { code: 'InsufficientInventory', detail: `Not enough in stock: ${named(short)}.` };
  const total = wanted.reduce(
    (sum, line) => sum + BigInt(line.quantity) * BigInt(products.get(line.productId)?.price ?? 0),
    0n,
  );
  if (total > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalid({ field: 'items', message: 'the total is beyond all bounds' });
  return undefined;
}

function named(items: readonly Line[]): string {
  return items.map(({ productId }) => productId).join(', ');
}

/** Moves the stock and records its holder, at the price of this moment, in one round trip. */
async function hold(sql: Sql, id: string, wanted: readonly Line[]): Promise<void> {
  await sql(
    `WITH wanted AS (
       SELECT * FROM unnest($2::text[], $3::bigint[]) AS w (product_id, quantity)
     ), held AS (
       UPDATE products p SET available = available - w.quantity, reserved = reserved + w.quantity
       FROM wanted w WHERE p.id = w.product_id
       RETURNING p.id, w.quantity, p.price, p.currency
     ), reservation AS (
       INSERT INTO reservations (id, total, currency)
       SELECT $1, sum(price * quantity), min(currency) FROM held
     )
     INSERT INTO reservation_items (reservation_id, product_id, quantity, unit_price)
     SELECT $1, id, quantity, price FROM held`,
    [id, wanted.map(({ productId }) => productId), wanted.map(({ quantity }) => quantity)],
  );
}

async function release(sql: Sql, id: string): Promise<void> {
  await sql(
    `WITH released AS (UPDATE reservations SET released_at = now() WHERE id = $1 RETURNING id)
     UPDATE products p SET available = available + i.quantity, reserved = reserved - i.quantity
     FROM reservation_items i JOIN released r ON r.id = i.reservation_id
     WHERE p.id = i.product_id`,
    [id],
  );
}
