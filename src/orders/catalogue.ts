/** The catalogue of the inventory service: an order with an unknown product is refused before it is accepted. */
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { inParallel } from '../platform/in-parallel.js';
import { at, type ServiceTarget } from '../platform/outbound/service-access.js';
import type { SagaMemo } from '../workflows/messages.js';
import { askService, originHeaders, type ServiceAnswer } from './ask-service.js';

export interface Catalogue {
  /**
   * The ids that the inventory service definitely does not know. While it is away none counts as unknown: the order
   * is accepted, and its saga refuses it later.
   */
  unknownOf(productIds: readonly string[], origin: Required<SagaMemo>): Promise<Set<string>>;
}

export interface CatalogueOptions {
  readonly inventory: ServiceTarget;
  readonly logger?: Pick<Logger, 'warn'>;
  /** Milliseconds for all products of an order together. */
  readonly patienceMs?: number;
  readonly now?: () => number;
}

const CACHED_MS = 60_000;
const MAX_CACHED = 10_000;
const WARN_EVERY_MS = 60_000;
/** The most questions of one order at once. */
const AT_ONCE = 10;

/** Opens the catalogue. Known products are cached; a service that refuses our credentials is logged once in a while. */
export function createCatalogue({ inventory, logger, patienceMs = 500, now = Date.now }: CatalogueOptions): Catalogue {
  /** Known products with the time until which they count. Unknown ones are not cached, because they may be added at any time. */
  const known = new LRUCache<string, number>({ max: MAX_CACHED });

  let warned = -Infinity;
  function warnOfDenial(status: number): void {
    if (now() - warned < WARN_EVERY_MS) return;
    warned = now();
    logger?.warn(
      { status },
      'the inventory service does not accept our credentials: products are not checked before an order is taken',
    );
  }

  async function unknownOf(productIds: readonly string[], origin: Required<SagaMemo>): Promise<Set<string>> {
    const unknown = new Set<string>();
    const asked = [...new Set(productIds)].filter((productId) => (known.get(productId) ?? 0) <= now());
    const signal = AbortSignal.timeout(patienceMs);
    await inParallel(AT_ONCE, asked, async (id) => {
      if (signal.aborted) return;
      const how = { signal, within: patienceMs, headers: originHeaders(origin) };
      const answer = await askService(at(inventory, `/api/products/${encodeURIComponent(id)}`), how);
      if (answer?.status === 401 || answer?.status === 403) warnOfDenial(answer.status);
      const exists = existence(answer, id);
      if (exists === true) known.set(id, now() + CACHED_MS);
      if (exists === false) unknown.add(id);
    });
    return unknown;
  }

  return { unknownOf };
}

/** Undefined if the service did not say: it is away, slow, refuses our credentials, or the answer is not its own. */
function existence(answer: ServiceAnswer | undefined, productId: string): boolean | undefined {
  if (answer?.status === 404 && answer.body['code'] === 'UnknownProduct') return false;
  return answer?.status === 200 && answer.body['productId'] === productId ? true : undefined;
}
