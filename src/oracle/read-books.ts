/** Reads the books of the four services over HTTP, as anybody could: their databases are none of the oracle's business. */
import { z } from 'zod';
import type { Effect, Payment, Reservation, Stock } from './books.js';
import { getJson } from './get-json.js';

/** Base URLs, without a slash at the end. */
export interface ServiceUrls {
  readonly inventory: string;
  readonly payment: string;
  readonly shipping: string;
  readonly notification: string;
}

const PAGE_SIZE = 500;

const money = z.object({ amount: z.int(), currency: z.string() });

const reservation = z
  .object({
    id: z.string(),
    items: z.array(z.object({ productId: z.string(), quantity: z.int() })),
    total: money,
  })
  .transform(({ id, items, total }) => ({ kind: 'reservation' as const, id, items, total }));

/** Refused and fenced ones have captured nothing. */
const paymentRow = z.object({
  id: z.string(),
  effect: z.enum(['applied', 'none']),
  amount: money.optional(),
  captured: z.int().default(0),
  refunded: z.int().default(0),
});

/** Money that was not given back in full is live, whatever the row's status says. */
function livePayment({ id, effect, amount, captured, refunded }: z.infer<typeof paymentRow>): Payment | undefined {
  if (effect === 'none' && captured === refunded) return undefined;
  return { kind: 'payment', id, currency: amount?.currency ?? 'unknown', captured, refunded };
}

const shipment = z.object({ id: z.string() }).transform(({ id }) => ({ kind: 'shipment' as const, id }));

const notice = z
  .object({ id: z.string(), kind: z.enum(['confirmation', 'cancellation']) })
  .transform(({ id, kind }) => ({ kind, id }));

const product = z.object({ productId: z.string(), available: z.int(), reserved: z.int() });

/** All live effects of the four services, with the stock of every product. */
export async function readBooks(urls: ServiceUrls): Promise<{ effects: Effect[]; stock: Stock }> {
  const [stock, payments, shipments, notices] = await Promise.all([
    readStock(urls),
    readPages(`${urls.payment}/api/payments`, new URLSearchParams(), paymentRow),
    readLive(`${urls.shipping}/api/shipments`, shipment),
    readLive(`${urls.notification}/api/notifications`, notice),
  ]);
  const live = payments.map(livePayment).filter((payment) => payment !== undefined);
  return { effects: [...stock.reservations, ...live, ...shipments, ...notices], stock };
}

/**
 * The products between two readings of the live reservations. A reservation found by both was held all the while (an
 * id is never reserved twice), so only those that one reading misses leave any doubt.
 */
export async function readStock({ inventory }: ServiceUrls): Promise<Stock> {
  const before = await readLive(`${inventory}/api/reservations`, reservation);
  const products = await readPages(`${inventory}/api/products`, new URLSearchParams(), product);
  const after = await readLive(`${inventory}/api/reservations`, reservation);
  return { reservations: after, products, passing: inOneOnly(before, after) };
}

function inOneOnly(before: readonly Reservation[], after: readonly Reservation[]): Reservation[] {
  const idsBefore = new Set(before.map(({ id }) => id));
  const idsAfter = new Set(after.map(({ id }) => id));
  return [...before.filter(({ id }) => !idsAfter.has(id)), ...after.filter(({ id }) => !idsBefore.has(id))];
}

/** The live effects of one saga, asked by id: what the services say now, whatever a page said before. */
export async function readEffectsOf(urls: ServiceUrls, sagaId: string): Promise<Effect[]> {
  const id = encodeURIComponent(sagaId);
  const found = await Promise.all([
    readOne(`${urls.inventory}/api/reservations/${id}`, reservation),
    getJson(`${urls.payment}/api/payments/${id}`, paymentRow).then(livePayment),
    readOne(`${urls.shipping}/api/shipments/${id}`, shipment),
    readOne(`${urls.notification}/api/notifications/${id}-confirmation`, notice),
    readOne(`${urls.notification}/api/notifications/${id}-cancellation`, notice),
  ]);
  return found.filter((effect) => effect !== undefined);
}

const noEffect = z.object({ effect: z.literal('none') }).transform(() => undefined);

/** `GET` of one id always answers: with the effect, or with the word that there is none. */
const readOne = <T>(url: string, schema: z.ZodType<T>): Promise<T | undefined> =>
  getJson(url, z.union([noEffect, schema]));

const readLive = <T>(url: string, schema: z.ZodType<T>): Promise<T[]> =>
  readPages(url, new URLSearchParams({ effect: 'applied' }), schema);

async function readPages<T>(url: string, query: URLSearchParams, schema: z.ZodType<T>): Promise<T[]> {
  const page = z.object({ items: z.array(schema), nextCursor: z.string().nullable() });
  const all: T[] = [];
  query.set('limit', String(PAGE_SIZE));
  for (let cursor: string | null = ''; cursor !== null;) {
    if (cursor !== '') query.set('cursor', cursor);
    const { items, nextCursor } = await getJson(`${url}?${query.toString()}`, page);
    all.push(...items);
    cursor = nextCursor;
  }
  return all;
}
