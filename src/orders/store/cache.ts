import { LRUCache } from 'lru-cache';
import type { Order } from '../../order.js';

/** The bound for forgetting a customer here as well. */
const FOR_MS = 10_000;
const AT_MOST = 5_000;

interface Reader {
  get(orderId: string): Promise<Order | undefined>;
}

/**
 * Reads each order once for the calls that need it within ten seconds, because its content never changes. A missing
 * order or a failed read is tried again.
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
