/** The catalogue of the inventory service: an order with an unknown product is refused before it is accepted. */
import type { Logger } from 'pino';
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

const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;
/** The most questions of one order at once. */
const LANES = 10;

export function createCatalogue({ inventory, logger, patienceMs = 500, now = Date.now }: CatalogueOptions): Catalogue {
  /**
   * Known products with the time until which they count, the oldest first. Unknown ones are not kept, because they
   * may be added at any time.
   */
  const known = new Map<string, number>();

  function keep(productId: string): void {
    known.delete(productId);
    known.set(productId, now() + KEPT_MS);
    const oldest = known.keys().next();
    if (known.size > MAX_KEPT && !oldest.done) known.delete(oldest.value);
  }

  let warned = -Infinity;
  function warnOfDenial(status: number): void {
    if (now() - warned < KEPT_MS) return;
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
    const lane = async (): Promise<void> => {
      for (let id = asked.pop(); id !== undefined && !signal.aborted; id = asked.pop()) {
        const how = { signal, within: patienceMs, headers: originHeaders(origin) };
        const answer = await askService(at(inventory, `/api/products/${encodeURIComponent(id)}`), how);
        if (answer?.status === 401 || answer?.status === 403) warnOfDenial(answer.status);
        const exists = existence(answer, id);
        if (exists === true) keep(id);
        if (exists === false) unknown.add(id);
      }
    };
    if (asked.length > 0) await Promise.all(Array.from({ length: LANES }, lane));
    return unknown;
  }

  return { unknownOf };
}

/** Undefined if the service did not say: it is away, slow, refuses our credentials, or the answer is not its own. */
function existence(answer: ServiceAnswer | undefined, productId: string): boolean | undefined {
  if (answer?.status === 404 && answer.body['code'] === 'UnknownProduct') return false;
  return answer?.status === 200 && answer.body['productId'] === productId ? true : undefined;
}
