/** Which products exist, as the inventory service says: an order with an unknown one is refused before it is taken. */
import type { SagaMemo } from '../workflows/messages.js';
import { CORRELATION_HEADER } from './correlation.js';
import { TRACE_HEADER } from './trace.js';

export interface Catalogue {
  /**
   * Those of the ids that the inventory service definitely does not know. While it is away nothing is unknown: the
   * order is accepted, and its saga refuses it later.
   */
  unknownOf(productIds: readonly string[], origin: Required<SagaMemo>): Promise<Set<string>>;
}

export interface CatalogueOptions {
  readonly inventoryUrl: string;
  /** For all products of an order together. */
  readonly patienceMs?: number;
  readonly now?: () => number;
}

const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;
/** Requests of one order that run at the same time. */
const LANES = 10;

export function createCatalogue({ inventoryUrl, patienceMs = 500, now = Date.now }: CatalogueOptions): Catalogue {
  const base = inventoryUrl.replace(/\/+$/, '');
  /** Known products, until when; the oldest are first. Unknown ones are not kept: they may be added any time. */
  const known = new Map<string, number>();

  function keep(productId: string): void {
    known.delete(productId);
    known.set(productId, now() + KEPT_MS);
    const oldest = known.keys().next();
    if (known.size > MAX_KEPT && !oldest.done) known.delete(oldest.value);
  }

  async function unknownOf(
    productIds: readonly string[],
    { correlationId, traceparent }: Required<SagaMemo>,
  ): Promise<Set<string>> {
    const unknown = new Set<string>();
    const asked = [...new Set(productIds)].filter((productId) => (known.get(productId) ?? 0) <= now());
    const signal = AbortSignal.timeout(patienceMs);
    const lane = async (): Promise<void> => {
      for (let id = asked.pop(); id !== undefined && !signal.aborted; id = asked.pop()) {
        const exists = await lookUp(`${base}/api/products/${encodeURIComponent(id)}`, id, {
          signal,
          headers: { [CORRELATION_HEADER]: correlationId, [TRACE_HEADER]: traceparent, accept: 'application/json' },
        });
        if (exists === true) keep(id);
        if (exists === false) unknown.add(id);
      }
    };
    if (asked.length > 0) await Promise.all(Array.from({ length: LANES }, lane));
    return unknown;
  }

  return { unknownOf };
}

/** Undefined where the service did not say: away, slow, or an answer that is not its own. */
async function lookUp(url: string, productId: string, init: RequestInit): Promise<boolean | undefined> {
  try {
    const response = await fetch(url, init);
    const body: { code?: unknown; productId?: unknown } = Object(await response.json());
    if (response.status === 404 && body.code === 'UnknownProduct') return false;
    return response.ok && body.productId === productId ? true : undefined;
  } catch {
    return undefined;
  }
}
