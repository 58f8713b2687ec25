/** DBOS Transact: the same four calls, each a durable step on PostgreSQL. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import express from 'express';
import { createSteps } from '../baseline/steps.ts';

const steps = createSteps(JSON.parse(process.argv[2] ?? '{}'));

async function fulfil(order) {
  const total = await DBOS.runStep(() => steps.reserveInventory(order), { name: 'reserveInventory' });
  await DBOS.runStep(() => steps.processPayment(order, total), { name: 'processPayment' });
  await DBOS.runStep(() => steps.createShipment(order), { name: 'createShipment' });
  await DBOS.runStep(() => steps.sendConfirmation(order), { name: 'sendConfirmation' });
  return 'COMPLETED';
}

const fulfilment = DBOS.registerWorkflow(fulfil, { name: 'fulfil' });
DBOS.setConfig({
  name: 'unwind-bench',
  systemDatabaseUrl: process.env.DATABASE_URL,
  runAdminServer: false,
  logLevel: 'error',
});
await DBOS.launch();

const app = express();
app.use(express.json());
app.post('/orders', async (request, response) => {
  const handle = await DBOS.startWorkflow(fulfilment, { workflowID: request.body.orderId })(request.body);
  response.json({ state: await handle.getResult() });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ ready: `http://127.0.0.1:${server.address().port}` });
});
const stop = async () => {
  await DBOS.shutdown();
  process.exit(0);
};
process.on('disconnect', stop);
process.on('SIGTERM', stop);
