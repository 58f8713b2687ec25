import express, { type RequestHandler, type Router } from 'express';
import type { ApiDeps } from './deps.js';
import { onlyMethods, Problem } from './problem.js';
import { readSagaStatus } from './saga-status.js';

export function sagaRoutes(deps: ApiDeps): Router {
  const status: RequestHandler<{ sagaId: string }> = async (req, res) => {
    const found = await readSagaStatus(deps, req.params.sagaId);
    if (!found) throw new Problem('SagaNotFound');
    res.json(found);
  };

  const router = express.Router();
  router.route('/api/sagas/:sagaId/status').get(status).all(onlyMethods('GET'));
  return router;
}
