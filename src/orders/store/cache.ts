import { LRUCache } from 'lru-cache';
import type { Order } from '../../order.js';

/** A customer who is forgotten is forgotten here as soon. */
const FOR_MS = 10_000;
const AT_MOST = 5_000;

interface Reader {
  get(orderId: string): Promise<Order | undefined>;
}

/**
 * Reads each order once for the calls that are made for it within ten seconds: what was asked for never changes. What is
 * not there, or could not be read, is asked for again.
 */
export function rememberOrders(orders: Reader, clock: { now(): number } = performance): Reader {
  const known = new LRUCache<string, Order>({
    max: AT_MOST,
    ttl: FOR_MS,
    ttlResolution: 0,
    perf: clock,
    fetchMethod: (orderId) => orders.get(orderId),
  });
  return { get: (orderId) => known.fetch(orderId) };
}
