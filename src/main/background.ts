/** The background process: it runs the standing jobs, beside any number of others. */
import { Client, Connection } from '@temporalio/client';
import { watchDatabase } from '../background/database-away.js';
import { reconcile } from '../background/reconciler/reconcile.js';
import { startDriver } from '../background/driver.js';
import { jobMetrics } from '../background/job-metrics.js';
import { unconfirmedOrders } from '../background/unconfirmed-orders.js';
import { alertMetrics } from '../background/watch/alert-metrics.js';
import { watchSagas } from '../background/watch/watch-sagas.js';
import { databaseUrlOf } from '../config/find-database.js';
import { runProcess } from '../config/run-process.js';
import { openReader } from '../journal/read/open-reader.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { JOURNAL_SCHEMA, once } from '../journal/write/journal.js';
import { openOrders, type OrderStore } from '../orders/store/orders.js';
import { openBoundedPool } from '../platform/database/pool.js';
import { listen } from '../platform/listen.js';
import { temporalTarget } from '../platform/temporal/target.js';
import { metricsApp } from '../relay/metrics.js';

const schema = JOURNAL_SCHEMA;

await runProcess('background', 'background', async ({ config, logger }) => {
  const { demoData, migrationWaitMs, services } = config;
  const databaseUrl = databaseUrlOf(config);
  const journalUrl = config.journalDatabaseUrl ?? databaseUrl;
  const onConnectionLoss = (): void => undefined;
  let opened: OrderStore | undefined;
  /** Opens the orders table when it is needed, because this process also starts while PostgreSQL is away. */
  const openedOrders = async (): Promise<OrderStore> =>
    (opened ??= await openOrders({ databaseUrl, demoData, migrationWaitMs, onConnectionLoss, poolSize: 2 }));
  const listed = { list: async (...asked: Parameters<OrderStore['list']>) => (await openedOrders()).list(...asked) };
  const reading = { databaseUrl: journalUrl, orders: listed, migrationWaitMs, onConnectionLoss, poolSize: 2 };
  const journal = openReader(reading);
  const applicationName = 'unwind-background';
  const pool = openBoundedPool({ databaseUrl: journalUrl, applicationName, size: 4, patienceMs: 5_000 });
  const { address, namespace, connection: options } = temporalTarget(config.temporalPort);
  const connection = Connection.lazy({ address, ...options });
  const temporal = new Client({ connection, namespace });
  const limits = { stuckAfter: config.stuckAfter, deadline: config.policy.deadline };
  const database = watchDatabase(logger);
  const metrics = metricsApp(jobMetrics(pool, schema), alertMetrics(pool, schema), async () => database.metrics());
  const server = await listen(metrics, 'BACKGROUND_METRICS_PORT', config.backgroundMetricsPort, config.listenHost);
  const driver = startDriver({
    pool,
    schema,
    jobs: [
      unconfirmedOrders(async () => ({ temporal, journal, orders: await openedOrders(), logger })),
      reconcile(async () => ({
        pool,
        schema,
        temporal,
        journal,
        orders: await openedOrders(),
        books: services,
        logger,
      })),
      watchSagas({ pool, schema, temporal, limits, logger }),
    ],
    prepare: once(() => migrateJournal(journalUrl, schema, migrationWaitMs)),
    logger,
    onDatabase: database.heard,
  });
  return {
    where: `metrics ${server.url}/metrics`,
    stop: async () => {
      await driver.stop();
      await server.close();
      await Promise.all([pool.end(), journal.close(), opened?.close(), connection.close()]);
    },
  };
});
