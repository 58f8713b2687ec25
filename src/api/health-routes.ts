import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { ApiDeps } from './deps.js';
import type { Readiness } from './health-schemas.js';
import { onlyMethods } from './problem.js';
import { askTemporal } from './temporal.js';

const PATIENCE_MS = 1_500;

const live: RequestHandler = (_req, res) => void res.json({ status: 'live' });

async function check(name: string, req: Request, ask: () => Promise<unknown>): Promise<'up' | 'down'> {
  try {
    await ask();
    return 'up';
  } catch (error) {
    req.log.warn({ err: error }, `${name} is not reachable`);
    return 'down';
  }
}

/** Live: this process answers. Ready: it can take orders, so PostgreSQL and Temporal answer, and it goes on to run. */
export function healthRoutes({ orders, temporal, stopping }: ApiDeps): Router {
  const { namespace } = temporal.options;

  async function ready(req: Request, res: Response): Promise<void> {
    const [database, engine] = await Promise.all([
      check('PostgreSQL', req, () => orders.ping()),
      check('Temporal', req, () =>
        askTemporal(temporal, PATIENCE_MS, () => temporal.workflowService.describeNamespace({ namespace })),
      ),
    ]);
    const isReady = database === 'up' && engine === 'up' && stopping?.aborted !== true;
    const body: Readiness = { status: isReady ? 'ready' : 'unavailable', postgresql: database, temporal: engine };
    if (!isReady) res.set('Retry-After', '1');
    res.status(isReady ? 200 : 503).json(body);
  }

  const router = express.Router();
  router.route('/health/live').get(live).all(onlyMethods('GET'));
  router.route('/health/ready').get(ready).all(onlyMethods('GET'));
  return router;
}
