/** The API process. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { createApp } from '../api/app.js';
import { createAuthenticate } from '../api/http/authenticate.js';
import { watchTemporalClock } from '../platform/temporal/clock.js';
import { openReader } from '../journal/read/open-reader.js';
import { openWebhooks } from '../journal/webhooks/open-webhooks.js';
import { openOrders } from '../orders/store/orders.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import { findDatabase } from '../config/find-database.js';
import { hasEmbeddedServers, lackOfSpace } from '../local/machine/free-space.js';
import { listen } from '../platform/listen.js';
import { prepareJournal } from '../journal/tables/prepare.js';
import { runProcess } from '../config/run-process.js';
import { connectTemporal } from '../platform/temporal/namespace.js';
import { temporalTarget } from '../platform/temporal/target.js';

/** Only at the start. Later the API stays up while Temporal is away, and its readiness says so. */
const TEMPORAL_PATIENCE = 15_000;

await runProcess('api', 'api', async ({ config, logger }) => {
  const databaseUrl = await findDatabase(config);
  const target = temporalTarget(config.temporalPort);
  const connection = await connectTemporal(target, TEMPORAL_PATIENCE);
  const onConnectionLoss = (err: Error): void => logger.warn({ err }, 'a connection to PostgreSQL is lost');
  const { demoData, migrationWaitMs } = config;
  const orders = await openOrders({ databaseUrl, demoData, migrationWaitMs, onConnectionLoss });
  const journalUrl = config.journalDatabaseUrl ?? databaseUrl;
  const journal = openReader({ databaseUrl: journalUrl, orders, migrationWaitMs, onConnectionLoss });
  await prepareJournal(journal, logger);
  const webhooks = config.webhooks && openWebhooks({ databaseUrl: journalUrl, migrationWaitMs, onConnectionLoss });
  const stopping = new AbortController();
  const temporal = new Client({ connection, namespace: target.namespace });
  const clock = watchTemporalClock({ temporal, taskQueue: TASK_QUEUE, logger });
  const deps = {
    orders,
    journal,
    temporal,
    clock,
    taskQueue: TASK_QUEUE,
    backlogLimit: config.backlogLimit,
    policy: config.policy,
    inventory: config.services.inventory,
    ledgers: config.services,
    books: config.services,
    demoData: config.demoData,
    lackOfSpace: hasEmbeddedServers(config.dataDir, databaseUrl)
      ? () => lackOfSpace(config.dataDir, config.leastFreeMb)
      : undefined,
    authenticate: config.auth && createAuthenticate(config.auth),
    requestsPerMinute: config.requestsPerMinute,
    hosts: config.hosts,
    origins: config.corsOrigins,
    streamsPerCaller: config.streamsPerCaller,
    webhooks: webhooks && config.webhooks && { store: webhooks, rules: config.webhooks.rules },
    stopping: stopping.signal,
    logger,
  };
  const server = await listen(createApp(deps), 'API_PORT', config.apiPort, config.listenHost, config.keepAlive);
  return {
    where: server.url,
    stop: async () => {
      stopping.abort();
      // Callers with an open connection are asked to close it, and the readiness is 503.
      await pause(config.drainMs);
      await server.close();
      await Promise.all([orders.close(), journal.close(), webhooks?.close()]);
      await clock.stop();
      await connection.close();
    },
  };
});
