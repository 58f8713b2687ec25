import express, { type Express, type Router } from 'express';
import { refusePages } from './browsers.js';
import { requestLog } from './correlation.js';
import { openDatabase, type Database } from './database.js';
import { mountEffects, type RouteDeps } from './effect-routes.js';
import { mountFaults } from './fault-routes.js';
import { createFaults } from './faults.js';
import { answerProblem, onlyMethods, unknownRoute } from './http.js';
import { openApiOf, type Documented } from './openapi.js';
import type { Participant } from './participant.js';
import type { Service, ServiceOptions } from './service.js';
import { requireToken } from './require-token.js';
import { trackWork, type WorkInProgress } from './work-in-progress.js';

/** The parts of a service beside its effects. */
interface Extras {
  readonly mount: (router: Router, deps: RouteDeps) => void;
  readonly documented: readonly Documented[];
  readonly load: (database: Database) => Promise<void>;
}

/** How long `close` waits for running requests. The statement time-out is shorter. */
const STOP_WITHIN = 10_000;

/** Migrates the service's schema and builds its routes. */
export async function openService<Body extends { readonly orderId: string }>(
  participant: Participant<Body>,
  options: ServiceOptions,
  extras?: Extras,
): Promise<Service> {
  const { name, schemaFile, laterFiles = [] } = participant;
  const logger = options.logger.child({ service: name });
  const database = await openDatabase({
    databaseUrl: options.databaseUrl,
    schema: options.schema ?? name,
    schemaFile,
    laterFiles,
    logger,
    migrationWaitMs: options.migrationWaitMs,
  });
  const work = trackWork();
  const faults = createFaults();
  const deps: RouteDeps = { database, work, faults };
  const close = async () => {
    await work.stop(STOP_WITHIN);
    await database.close();
  };
  try {
    await extras?.load(database);
  } catch (error) {
    await close();
    throw error;
  }

  const document = openApiOf(participant, options, extras?.documented);
  const app = createApp();
  app.use(requestLog(logger));
  app.use(refusePages(options.hosts));
  mountHealth(app, database, work);
  app
    .route('/openapi.json')
    .get((_request, response) => void response.json(document))
    .all(onlyMethods('GET'));
  if (options.token !== undefined) app.use(requireToken(options.token));
  if (options.faultInjection) mountFaults(app, faults, participant.undo !== undefined);
  mountEffects(app, participant, deps);
  extras?.mount(app, deps);
  app.use(unknownRoute);
  app.use(answerProblem);
  return { name, app, close: once(close) };
}

function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // no caching, because the books change under the reader
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use((_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    next();
  });
  return app;
}

function mountHealth(app: Express, database: Database, work: WorkInProgress): void {
  app
    .route('/health/live')
    .get((_request, response) => void response.json({ status: 'live' }))
    .all(onlyMethods('GET'));
  app
    .route('/health/ready')
    .get(async (_request, response) => {
      const reachable = await database.query('SELECT').then(
        () => true,
        () => false,
      );
      if (reachable && !work.stopping) response.json({ status: 'ready' });
      else response.status(503).json({ status: work.stopping ? 'stopping' : 'database unreachable' });
    })
    .all(onlyMethods('GET'));
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}
