import { createHash } from 'node:crypto';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { ApiDeps } from './deps.js';
import { DOCS_STYLE } from './docs-page.js';
import { docsRoutes } from './docs-routes.js';
import { healthRoutes } from './health-routes.js';
import { orderRoutes } from './order-routes.js';
import { answerWithProblem, routeNotFound } from './problem.js';
import { requestLog } from './request-log.js';
import { sagaRoutes } from './saga-routes.js';

export type { ApiDeps } from './deps.js';

/** The REST API, not listening yet. */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestLog(deps.logger));
  app.use(securityHeaders());
  app.use('/api', (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(healthRoutes(deps), docsRoutes(), orderRoutes(deps), sagaRoutes(deps));
  app.use(routeNotFound);
  app.use(answerWithProblem);
  return app;
}

/** Nothing of ours needs scripts, frames or other hosts; the page's one stylesheet is allowed by its hash. */
function securityHeaders() {
  const style = createHash('sha256').update(DOCS_STYLE).digest('base64');
  const directives = {
    defaultSrc: ["'none'"],
    styleSrc: [`'sha256-${style}'`],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  };
  return helmet({ contentSecurityPolicy: { useDefaults: false, directives } });
}
