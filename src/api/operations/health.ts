import express, { type RequestHandler, type Router } from 'express';
import type { ApiDeps } from '../deps.js';
import { readinessQuerySchema, type Readiness } from '../schemas/health.js';
import { reasonAgainstWrites } from '../../orders/store/write-probe.js';
import { onlyMethods } from '../http/problem-document.js';
import { askTemporal } from '../../platform/temporal/ask.js';
import { parseQuery } from '../../platform/validate.js';

const PATIENCE_MS = 1_500;
/** Anybody may ask: PostgreSQL and Temporal hear of it once a second at most. */
const KEPT_MS = 1_000;
/** A write that succeeds is not repeated for so long; one that fails is, at the next look. */
const WRITES_KEPT_MS = 5_000;

const live: RequestHandler = (_req, res) => void res.json({ status: 'live' });

type Reachable = 'up' | 'down';

interface Found {
  readonly postgresql: Reachable;
  readonly temporal: Reachable;
  readonly writes: Reachable;
  /** Sentences. */
  readonly againstPlacing: readonly string[];
}

/** Live: this process answers. Ready: what it can do at the moment, duty by duty. */
export function healthRoutes(deps: ApiDeps): Router {
  const { stopping, clock } = deps;
  const look = lookOnceASecond(deps);
  const ready: RequestHandler = async (req, res) => {
    const { duty } = parseQuery(readinessQuerySchema, req.query);
    const found = await look();
    const { postgresql, temporal, writes } = found;
    const isEnding = stopping?.aborted === true;
    const reads = isEnding ? 'down' : postgresql;
    // A decision leaves its mark in the orders' database; the reserve of disk space is for orders that run, and so for it.
    const steers = reads === 'up' && temporal === 'up' && writes === 'up' ? 'up' : 'down';
    const places = steers === 'up' && found.againstPlacing.length === 0 ? 'up' : 'down';
    const duties = { reads, places, steers } as const;
    const status = places === 'up' ? 'ready' : reads === 'up' ? 'degraded' : 'unavailable';
    const clockDifferenceMs = clock.difference() ?? null;
    const body: Readiness = {
      status,
      ...duties,
      postgresql,
      temporal,
      writes,
      reasons: reasonsOf(found, isEnding),
      clockDifferenceMs,
    };
    const isReady = duties[duty ?? 'reads'] === 'up';
    if (!isReady) res.set('Retry-After', '1');
    res.status(isReady ? 200 : 503).json(body);
  };

  const router = express.Router();
  router.route('/health/live').get(live).all(onlyMethods('GET'));
  router.route('/health/ready').get(ready).all(onlyMethods('GET'));
  router.route('/metrics').get(metrics(deps)).all(onlyMethods('GET'));
  return router;
}

/** If PostgreSQL is away, that is the reason, and not that it takes no writes either. */
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
    const [postgresql, engine, againstWrites, space] = await Promise.all([
      check('PostgreSQL', () => orders.ping()),
      check('Temporal', () =>
        askTemporal(temporal, PATIENCE_MS, () => temporal.workflowService.describeNamespace({ namespace })),
      ),
      askWrites(),
      lackOfSpace?.(),
    ]);
    setTimeout(() => (looking = undefined), KEPT_MS).unref();
    const againstPlacing = [againstWrites, space].filter((reason) => reason !== undefined);
    return { postgresql, temporal: engine, writes: againstWrites === undefined ? 'up' : 'down', againstPlacing };
  }

  return () => (looking ??= look());
}

/** Resolves to the reason why PostgreSQL takes no writes; undefined if it took one within the last five seconds. */
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

const metrics =
  ({ clock }: ApiDeps): RequestHandler =>
  (_req, res) => {
    const difference = clock.difference();
    const name = 'unwind_api_clock_difference_seconds';
    const lines = [
      `# HELP ${name} Temporal's time minus this process's; absent while it is not known`,
      `# TYPE ${name} gauge`,
      ...(difference === undefined ? [] : [`${name} ${difference / 1_000}`]),
    ];
    res.type('text/plain; version=0.0.4').send(`${lines.join('\n')}\n`);
  };
