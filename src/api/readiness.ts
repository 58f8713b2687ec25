/** The present abilities of the API, duty by duty: reading, placing, steering. */
import { reasonAgainstWrites } from '../orders/store/write-probe.js';
import { askTemporal } from '../platform/temporal/ask.js';
import type { ApiDeps } from './deps.js';
import type { Readiness } from './schemas/health.js';

const PATIENCE_MS = 1_500;
/** Everybody may ask for the readiness, so PostgreSQL and Temporal are asked once a second at most. */
const KEPT_MS = 1_000;
/** A write that succeeded is not repeated for this long; one that failed is repeated at the next look. */
const WRITES_KEPT_MS = 5_000;

type Reachable = 'up' | 'down';

interface Found {
  readonly postgresql: Reachable;
  readonly temporal: Reachable;
  readonly writes: Reachable;
  /** Why no orders can be placed, a sentence each. */
  readonly againstPlacing: readonly string[];
}

/** Looks at most once a second, however often it is called. */
export function watchDuties(deps: ApiDeps): () => Promise<Readiness> {
  const { stopping, clock } = deps;
  const look = lookOnceASecond(deps);
  return async () => {
    const found = await look();
    const { postgresql, temporal, writes } = found;
    const isEnding = stopping?.aborted === true;
    const reads = isEnding ? 'down' : postgresql;
    // A decision is also written to the orders' database; the reserve of disk space is for orders that run, so for it.
    const steers = reads === 'up' && temporal === 'up' && writes === 'up' ? 'up' : 'down';
    const places = steers === 'up' && found.againstPlacing.length === 0 ? 'up' : 'down';
    const status = places === 'up' ? 'ready' : reads === 'up' ? 'degraded' : 'unavailable';
    const reasons = reasonsOf(found, isEnding);
    const clockDifferenceMs = clock.difference() ?? null;
    return { status, reads, places, steers, postgresql, temporal, writes, reasons, clockDifferenceMs };
  };
}

/** If PostgreSQL is away, that is the one reason given: that it takes no writes either follows from it. */
function reasonsOf({ postgresql, temporal, againstPlacing }: Found, isEnding: boolean): string[] {
  return [
    ...(isEnding ? ['The process is about to end.'] : []),
    ...(postgresql === 'up' ? againstPlacing : ['PostgreSQL does not answer.']),
    ...(temporal === 'up' ? [] : ['Temporal does not answer.']),
  ];
}

function lookOnceASecond(deps: ApiDeps): () => Promise<Found> {
  const { orders, temporal, logger, lackOfSpace } = deps;
  const { namespace } = temporal.options;
  const askWrites = lookAtWrites(deps);
  let looking: Promise<Found> | undefined;

  async function check(name: string, ask: () => Promise<unknown>): Promise<Reachable> {
    try {
      await ask();
      return 'up';
    } catch (error) {
      logger.warn({ err: error }, `${name} is not reachable`);
      return 'down';
    }
  }

  async function look(): Promise<Found> {
    const [postgresql, temporalState, againstWrites, space] = await Promise.all([
      check('PostgreSQL', () => orders.ping()),
      check('Temporal', () =>
        askTemporal(temporal, PATIENCE_MS, () => temporal.workflowService.describeNamespace({ namespace })),
      ),
      askWrites(),
      lackOfSpace?.(),
    ]);
    setTimeout(() => (looking = undefined), KEPT_MS).unref();
    const againstPlacing = [againstWrites, space].filter((reason) => reason !== undefined);
    return { postgresql, temporal: temporalState, writes: againstWrites === undefined ? 'up' : 'down', againstPlacing };
  }

  return () => (looking ??= look());
}

/**
 * Resolves to the reason why PostgreSQL accepts no writes; undefined if it accepted one within the last five seconds.
 */
function lookAtWrites({ orders, logger }: ApiDeps): () => Promise<string | undefined> {
  let good = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - good < WRITES_KEPT_MS) return undefined;
    try {
      await orders.probeWrites();
      good = performance.now();
      return undefined;
    } catch (error) {
      const reason = reasonAgainstWrites(error);
      logger.warn({ err: error }, reason);
      return reason;
    }
  };
}
