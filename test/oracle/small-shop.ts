/** The four services' collections over HTTP, small and in memory, with books that a test may spoil or move at will. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Effect, ProductStock } from '../../src/oracle/books.js';
import type { ServiceUrls } from '../../src/oracle/read-books.js';

export interface SmallShop {
  readonly urls: Readonly<Record<keyof ServiceUrls, string>>;
  effects: Effect[];
  products: ProductStock[];
  /** Called before each request is answered: the traffic. */
  onRequest: (path: string) => void;
  close(): Promise<void>;
}

/** At most this many a page, whatever is asked for: every collection of a test has several pages. */
const PAGE_SIZE = 2;

const COLLECTIONS: Readonly<Record<string, readonly Effect['kind'][]>> = {
  '/api/reservations': ['reservation'],
  '/api/payments': ['payment'],
  '/api/shipments': ['shipment'],
  '/api/notifications': ['confirmation', 'cancellation'],
};

export async function openSmallShop(): Promise<SmallShop> {
  const server = createServer((request, response) => answer(shop, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const shop: SmallShop = {
    urls: { inventory: url, payment: url, shipping: url, notification: url },
    effects: [],
    products: [],
    onRequest: () => undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return shop;
}

function answer(shop: SmallShop, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  shop.onRequest(url.pathname);
  const body = url.pathname === '/api/products' ? pageOf(shop.products, url, 'productId') : effectAnswer(shop, url);
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? {}));
}

function effectAnswer({ effects }: SmallShop, url: URL): unknown {
  const kinds = COLLECTIONS[url.pathname];
  if (kinds === undefined) {
    const [, collection, id] = /^(\/api\/\w+)\/(.+)$/.exec(url.pathname) ?? [];
    const kindsOfOne = COLLECTIONS[collection ?? ''];
    if (kindsOfOne === undefined) return undefined;
    const effect = effects.find((one) => kindsOfOne.includes(one.kind) && one.id === id);
    return effect === undefined ? { id, status: 'none', effect: 'none' } : onWire(effect);
  }
  if (url.searchParams.get('effect') !== 'applied' && url.pathname !== '/api/payments') return undefined;
  return pageOf(effects.filter(({ kind }) => kinds.includes(kind)).map(onWire), url, 'id');
}

const onWire = (effect: Effect) =>
  effect.kind === 'payment'
    ? {
        ...effect,
        effect: effect.refunded > 0 ? 'none' : 'applied',
        amount: { amount: effect.captured, currency: effect.currency },
      }
    : { ...effect, effect: 'applied' };

function pageOf<Key extends string>(all: readonly Readonly<Record<Key, string>>[], url: URL, key: Key) {
  const cursor = url.searchParams.get('cursor') ?? '';
  const sorted = [...all].sort((a, b) => (a[key] < b[key] ? -1 : 1)).filter((one) => one[key] > cursor);
  const items = sorted.slice(0, PAGE_SIZE);
  return { items, nextCursor: sorted.length > PAGE_SIZE ? (items.at(-1)?.[key] ?? null) : null };
}
