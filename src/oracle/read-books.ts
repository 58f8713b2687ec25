/** Reads the books of the four services over HTTP, like any other client; the oracle never reads their databases. */
import { z } from 'zod';
import type { Effect, Payment, Reservation, Stock } from './books.js';
import { at, type Address, type ServiceTarget } from '../platform/outbound/service-access.js';
import { getJson } from './get-json.js';

export interface ServiceUrls {
  readonly inventory: ServiceTarget;
  readonly payment: ServiceTarget;
  readonly shipping: ServiceTarget;
  readonly notification: ServiceTarget;
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

/** Refused and fenced payments have captured nothing. */
const paymentRow = z.object({
  id: z.string(),
  effect: z.enum(['applied', 'none']),
  amount: money.optional(),
  captured: z.int().default(0),
  refunded: z.int().default(0),
});

/** Money that was not given back in full is live, even if the row's status says otherwise. */
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
    readPages(at(urls.payment, '/api/payments'), new URLSearchParams(), paymentRow),
    readLive(at(urls.shipping, '/api/shipments'), shipment),
    readLive(at(urls.notification, '/api/notifications'), notice),
  ]);
  const live = payments.map(livePayment).filter((payment) => payment !== undefined);
  return { effects: [...stock.reservations, ...live, ...shipments, ...notices], stock };
}

/**
 * The products between two readings of the live reservations. A reservation that both readings found was held all the
 * while (an id is never reserved twice), so only a reservation that one reading misses leaves a doubt.
 */
export async function readStock({ inventory }: ServiceUrls): Promise<Stock> {
  const before = await readLive(at(inventory, '/api/reservations'), reservation);
  const products = await readPages(at(inventory, '/api/products'), new URLSearchParams(), product);
  const after = await readLive(at(inventory, '/api/reservations'), reservation);
  return { reservations: after, products, passing: inOneOnly(before, after) };
}

function inOneOnly(before: readonly Reservation[], after: readonly Reservation[]): Reservation[] {
  const idsBefore = new Set(before.map(({ id }) => id));
  const idsAfter = new Set(after.map(({ id }) => id));
  return [...before.filter(({ id }) => !idsAfter.has(id)), ...after.filter(({ id }) => !idsBefore.has(id))];
}

/** The live effects of one saga, read by id: the services' current answers, which replace those of an earlier page. */
export async function readEffectsOf(urls: ServiceUrls, sagaId: string): Promise<Effect[]> {
  const id = encodeURIComponent(sagaId);
  const found = await Promise.all([
    readOne(at(urls.inventory, `/api/reservations/${id}`), reservation),
    getJson(at(urls.payment, `/api/payments/${id}`), paymentRow).then(livePayment),
    readOne(at(urls.shipping, `/api/shipments/${id}`), shipment),
    readOne(at(urls.notification, `/api/notifications/${id}-confirmation`), notice),
    readOne(at(urls.notification, `/api/notifications/${id}-cancellation`), notice),
  ]);
  return found.filter((effect) => effect !== undefined);
}

const noEffect = z.object({ effect: z.literal('none') }).transform(() => undefined);

/** `GET` of one id always answers: the effect, or the statement that there is none. */
const readOne = <T>(address: Address, schema: z.ZodType<T>): Promise<T | undefined> =>
  getJson(address, z.union([noEffect, schema]));

const readLive = <T>(address: Address, schema: z.ZodType<T>): Promise<T[]> =>
  readPages(address, new URLSearchParams({ effect: 'applied' }), schema);

/** The effects of which a page of live ones can be read. */
export type LiveKind = 'reservation' | 'payment' | 'shipment';

const COLLECTIONS = {
  reservation: ['inventory', '/api/reservations'],
  payment: ['payment', '/api/payments'],
  shipment: ['shipping', '/api/shipments'],
} as const satisfies Record<LiveKind, readonly [keyof ServiceUrls, string]>;

const idPage = z.object({ items: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });

/** The ids of one page of a service's live effects, in the order of the ids; `cursor` is `next` of the page before, or empty. */
export async function readLivePage(
  urls: ServiceUrls,
  kind: LiveKind,
  cursor: string,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
  const [service, path] = COLLECTIONS[kind];
  const query = new URLSearchParams({ effect: 'applied', limit: String(PAGE_SIZE), ...(cursor && { cursor }) });
  const { items, nextCursor } = await getJson(at(urls[service], `${path}?${query.toString()}`), idPage);
  return { ids: items.map(({ id }) => id), next: nextCursor };
}

async function readPages<T>(address: Address, query: URLSearchParams, schema: z.ZodType<T>): Promise<T[]> {
  const page = z.object({ items: z.array(schema), nextCursor: z.string().nullable() });
  const all: T[] = [];
  query.set('limit', String(PAGE_SIZE));
  for (let cursor: string | null = ''; cursor !== null;) {
    if (cursor !== '') query.set('cursor', cursor);
    const { items, nextCursor } = await getJson({ ...address, url: `${address.url}?${query.toString()}` }, page);
    all.push(...items);
    cursor = nextCursor;
  }
  return all;
}
