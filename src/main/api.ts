/** The API process. */
import { Client } from '@temporalio/client';
import { createApp } from '../api/app.js';
import { openOrders } from '../orders/orders.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import { findDatabase } from './database.js';
import { listen } from './listen.js';
import { runProcess } from './run-process.js';
import { connectTemporal } from './temporal-namespace.js';
import { temporalTarget } from './temporal-target.js';

/** Only at the start: later the API lives on while Temporal is away, and says so. */
const TEMPORAL_PATIENCE = 15_000;

await runProcess('api', async ({ config, logger }) => {
  const databaseUrl = await findDatabase(config);
  const target = temporalTarget(config.temporalPort);
  const connection = await connectTemporal(target, TEMPORAL_PATIENCE);
  const orders = await openOrders({
    databaseUrl,
    demoData: config.demoData,
    onConnectionLoss: (error) => {
      logger.warn({ err: error }, 'a connection to PostgreSQL is lost');
    },
  });
  const app = createApp({
    orders,
    temporal: new Client({ connection, namespace: target.namespace }),
    taskQueue: TASK_QUEUE,
    backlogLimit: config.backlogLimit,
    policy: config.policy,
    inventoryUrl: config.serviceUrls.inventory,
    demoData: config.demoData,
    logger,
  });
  const server = await listen(app, 'API_PORT', config.apiPort, config.listenHost);
  return {
    where: server.url,
    stop: async () => {
      await server.close();
      await orders.close();
      await connection.close();
    },
  };
});
