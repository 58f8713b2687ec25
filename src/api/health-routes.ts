import express, { type RequestHandler, type Router } from 'express';
import type { ApiDeps } from './deps.js';
import { readinessQuerySchema, type Readiness } from './health-schemas.js';
import { onlyMethods } from './problem.js';
import { askTemporal } from './temporal.js';
import { parseQuery } from './validate.js';

const PATIENCE_MS = 1_500;
/** Anybody may ask: PostgreSQL and Temporal hear of it once a second at most. */
const KEPT_MS = 1_000;

const live: RequestHandler = (_req, res) => void res.json({ status: 'live' });

type Reachable = 'up' | 'down';

interface Found {
  readonly postgresql: Reachable;
  readonly temporal: Reachable;
}

/** Live: this process answers. Ready: what it can do at the moment, duty by duty. */
export function healthRoutes(deps: ApiDeps): Router {
  const { stopping, clock } = deps;
  const look = lookOnceASecond(deps);
  const ready: RequestHandler = async (req, res) => {
    const { duty } = parseQuery(readinessQuerySchema, req.query);
    const { postgresql, temporal } = await look();
    const isEnding = stopping?.aborted === true;
    const reads = isEnding ? 'down' : postgresql;
    const acts = reads === 'up' && temporal === 'up' ? 'up' : 'down';
    const duties = { reads, places: acts, steers: acts } as const;
    const status = acts === 'up' ? 'ready' : reads === 'up' ? 'degraded' : 'unavailable';
    const body: Readiness = { status, ...duties, postgresql, temporal, clockDifferenceMs: clock.difference() ?? null };
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

function lookOnceASecond({ orders, temporal, logger }: ApiDeps): () => Promise<Found> {
  const { namespace } = temporal.options;
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
    const [postgresql, engine] = await Promise.all([
      check('PostgreSQL', () => orders.ping()),
      check('Temporal', () =>
        askTemporal(temporal, PATIENCE_MS, () => temporal.workflowService.describeNamespace({ namespace })),
      ),
    ]);
    setTimeout(() => (looking = undefined), KEPT_MS).unref();
    return { postgresql, temporal: engine };
  }

  return () => (looking ??= look());
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
