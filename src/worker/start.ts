/** The worker process: it runs the workflows and the activities. */
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, type LogLevel, NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities/activities.js';
import { attemptLog } from '../activities/interceptors/attempt-log.js';
import { correlationInterceptor } from '../activities/interceptors/origin.js';
import { openOrders } from '../orders/store/orders.js';
import { rememberOrders } from '../orders/store/cache.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import { findDatabase } from '../config/find-database.js';
import { openWorkersJournal } from './journal.js';
import { listen } from '../platform/listen.js';
import { localAddress } from '../platform/local-address.js';
import { orderQueues } from './queues.js';
import { runOrderWorkers } from './order-workers.js';
import { freePort, requireFreePort } from '../platform/ports.js';
import type { Setting, Started } from '../config/run-process.js';
import { connectTemporal } from '../platform/temporal/namespace.js';
import { temporalTarget } from '../platform/temporal/target.js';
import { healthApp } from './health.js';
import { bundleWorkflows } from './bundle.js';

const TEMPORAL_PATIENCE = 30_000;
/** Running activities have so long to end by themselves and are then cut off; another worker repeats the attempt. */
const SHUTDOWN_GRACE = '10s' as const;
const SHUTDOWN_FORCE = '15s' as const;

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

function sdkLogger(logger: Logger): DefaultLogger {
  const level: LogLevel = logger.isLevelEnabled('debug') ? 'DEBUG' : 'INFO';
  return new DefaultLogger(level, ({ level, message, meta }) => {
    const { error, ...rest } = meta ?? {};
    // The queues of the services have no workflows, on purpose.
    const isOnPurpose = message.startsWith('No workflows registered');
    logger[isOnPurpose ? 'debug' : PINO_LEVELS[level]](
      { ...rest, ...(error === undefined ? {} : { err: error }) },
      message,
    );
  });
}

/**
 * The bundle that the build made, if this is a build; otherwise it is made now (1 s). Its fingerprint says which
 * workflow code ran a task. It is in most events, and Temporal's own build id is four times as long.
 */
async function workflowCode(): Promise<{ workflowBundle: { code: string }; buildId: string }> {
  const file = path.join(import.meta.dirname, '..', 'workflow-bundle.js');
  const code = existsSync(file) ? readFileSync(file, 'utf8') : await bundleWorkflows();
  return { workflowBundle: { code }, buildId: `unwind+${hash('sha256', code).slice(0, 12)}` };
}

function installRuntime(logger: Logger, metrics: string): void {
  Runtime.install({
    logger: sdkLogger(logger),
    // This process handles the signals itself.
    shutdownSignals: [],
    telemetryOptions: {
      // The lines of Temporal's core, too, because by default it writes coloured text between the lines of JSON.
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      metrics: { prometheus: { bindAddress: metrics } },
    },
  });
}

/** Starts the worker: it runs the workflows and the activities of the queues that `WORKER_QUEUES` names. */
export async function startWorker({ config, logger }: Setting): Promise<Started> {
  const metricsPort = config.metricsPort || (await freePort());
  await requireFreePort('METRICS_PORT', metricsPort, config.listenHost);
  const databaseUrl = await findDatabase(config);
  const target = temporalTarget(config.temporalPort);
  const asking = await connectTemporal(target, TEMPORAL_PATIENCE);
  installRuntime(logger, localAddress(config.listenHost, metricsPort, config.listenHost));
  const orders = await openOrders({
    databaseUrl,
    demoData: config.demoData,
    migrationWaitMs: config.migrationWaitMs,
    onConnectionLoss: (error) => {
      logger.warn({ err: error }, 'a connection to PostgreSQL is lost');
    },
  });
  const journal = await openWorkersJournal(
    { databaseUrl: config.journalDatabaseUrl ?? databaseUrl, migrationWaitMs: config.migrationWaitMs },
    target,
    logger,
  );
  const connection = await NativeConnection.connect({ address: target.address, ...target.connection });
  const activities = createActivities({ orders: rememberOrders(orders), prices: orders, services: config.services });
  const interceptors = [correlationInterceptor, attemptLog, journal.interceptor];
  const common = {
    connection,
    namespace: target.namespace,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
  };
  const workers = await runOrderWorkers({
    common,
    queues: orderQueues(TASK_QUEUE, activities, interceptors, config.serviceLimits),
    serve: config.workerQueues,
    workflows: await workflowCode(),
    asking,
    namespace: target.namespace,
    logger,
  });
  const server = await listen(
    healthApp(workers.health),
    'WORKER_HEALTH_PORT',
    config.workerHealthPort,
    config.listenHost,
  );
  return {
    where: `task queues ${workers.taskQueues.join(', ')}, metrics http://${localAddress(config.listenHost, metricsPort, 'localhost')}/metrics, health ${server.url}/health/ready`,
    failure: workers.failure,
    stop: async () => {
      await workers.stop();
      await Promise.all([server.close(), asking.close(), connection.close()]);
      await Promise.all([orders.close(), journal.close()]);
    },
  };
}
