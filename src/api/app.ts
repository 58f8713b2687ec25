import { createHash } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { fromBrowsers } from './http/browsers.js';
import type { ApiDeps } from './deps.js';
import { docsRoutes } from './docs/routes.js';
import { DOCS_STYLE } from './docs/html.js';
import { OPERATIONS } from './operations.js';
import { auditDenials } from './http/audit-denials.js';
import { identify } from './http/caller.js';
import { metrics } from './http/metrics.js';
import { answerWithProblem, onlyMethods, routeNotFound } from './http/problem-document.js';
import { rateLimit } from './http/rate-limit.js';
import { requestLog } from './http/request-log.js';
import { routesOf } from './http/routes.js';
import { streamTickets } from './http/stream-tickets.js';
import { Problem } from '../problems.js';

export type { ApiDeps } from './deps.js';

/** The REST API, without listening. */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestLog(deps.logger));
  app.use(securityHeaders());
  app.use(leaveWhenStopping(deps));
  app.use(fromBrowsers(deps));
  const tickets = streamTickets(deps.orders);
  app.use('/api', noStore, acceptable, identify({ authenticate: deps.authenticate, tickets }));
  if (deps.requestsPerMinute !== undefined) app.use('/api', rateLimit(deps.requestsPerMinute));
  app.route('/metrics').get(metrics(deps)).all(onlyMethods('GET'));
  app.use(docsRoutes(), routesOf(OPERATIONS, { ...deps, tickets, operations: OPERATIONS }));
  app.use(routeNotFound);
  app.use(auditDenials(deps, OPERATIONS));
  app.use(answerWithProblem);
  return app;
}

const noStore: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};

/** The media types of the API's answers. */
const TYPES = ['application/json', 'application/problem+json', 'text/event-stream', 'application/x-ndjson', 'text/csv'];

const acceptable: RequestHandler = (req, _res, next) => {
  if (req.accepts(TYPES) === false) throw new Problem('NotAcceptable');
  next();
};

/** Closes kept connections, because their next request would go to a process that is gone. */
const leaveWhenStopping =
  ({ stopping }: ApiDeps): RequestHandler =>
  (_req, res, next) => {
    if (stopping?.aborted) res.set('Connection', 'close');
    next();
  };

/**
 * No scripts, frames or other hosts; the stylesheet of the pages about problems is allowed by its hash. `/docs` has a policy
 * of its own.
 */
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
