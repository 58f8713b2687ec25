/** A plain handler that makes the four calls one after the other. Whoever kills it leaves half an order behind. */
import express from 'express';
import { createSteps } from '../baseline/steps.ts';

const steps = createSteps(JSON.parse(process.argv[2] ?? '{}'));
const app = express();
app.use(express.json());
app.post('/orders', async (request, response) => {
  const order = request.body;
  const total = await steps.reserveInventory(order);
  await steps.processPayment(order, total);
  await steps.createShipment(order);
  await steps.sendConfirmation(order);
  response.json({ state: 'COMPLETED' });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ ready: `http://127.0.0.1:${server.address().port}` });
});
process.on('disconnect', () => process.exit(0));
