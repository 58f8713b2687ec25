/** Which products exist, as the inventory service says: an order with an unknown one is refused before it is taken. */
import type { Logger } from 'pino';
import { at, type ServiceTarget } from '../platform/outbound/service-access.js';
import type { SagaMemo } from '../workflows/messages.js';
import { askService, originHeaders, type ServiceAnswer } from './ask-service.js';

export interface Catalogue {
  /**
   * Those of the ids that the inventory service definitely does not know. While it is away nothing is unknown: the
   * order is accepted, and its saga refuses it later.
   */
  unknownOf(productIds: readonly string[], origin: Required<SagaMemo>): Promise<Set<string>>;
}

export interface CatalogueOptions {
  readonly inventory: ServiceTarget;
  readonly logger?: Pick<Logger, 'warn'>;
  /** For all products of an order together. */
  readonly patienceMs?: number;
  readonly now?: () => number;
}

const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;
/** Requests of one order that run at the same time. */
const LANES = 10;

export function createCatalogue({ inventory, logger, patienceMs = 500, now = Date.now }: CatalogueOptions): Catalogue {
  /** Known products, until when; the oldest are first. Unknown ones are not kept: they may be added any time. */
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

/** Undefined if the service did not say: it is away, slow, does not know us, or the answer is not its own. */
function existence(answer: ServiceAnswer | undefined, productId: string): boolean | undefined {
  if (answer?.status === 404 && answer.body['code'] === 'UnknownProduct') return false;
  return answer?.status === 200 && answer.body['productId'] === productId ? true : undefined;
}
