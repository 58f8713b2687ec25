/** A stand-in for the inventory service's catalogue. */
import { createServer } from 'node:http';
import { listen, stop, urlOf } from './listening.js';

export interface Inventory {
  readonly url: string;
  /** What it was asked: product ids and correlation ids. */
  readonly asked: { productId: string; correlationId: string | undefined; traceparent: string | undefined }[];
  /** How it answers from now on: `known` has every product but `nosuch`. */
  mode: 'known' | 'broken' | 'silent' | 'garbage';
  close(): Promise<void>;
}

export async function runInventory(): Promise<Inventory> {
  const asked: Inventory['asked'] = [];
  const server = createServer((req, res) => {
    const productId = decodeURIComponent(req.url?.split('/').at(-1) ?? '');
    asked.push({
      productId,
      correlationId: req.headers['x-correlation-id']?.toString(),
      traceparent: req.headers['traceparent']?.toString(),
    });
    if (inventory.mode === 'silent') return;
    const found = productId !== 'nosuch';
    const body = found ? { productId, name: 'A thing' } : { code: 'UnknownProduct', status: 404 };
    res.statusCode = inventory.mode === 'broken' ? 500 : found ? 200 : 404;
    res.end(inventory.mode === 'garbage' ? '<html>' : JSON.stringify(body));
  });
  await listen(server);
  const inventory: Inventory = { url: urlOf(server), asked, mode: 'known', close: () => stop(server) };
  return inventory;
}
