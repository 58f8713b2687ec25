/** The worker of the baselines, a process of its own. argv: address, namespace, task queue, and the services' URLs as JSON. */
import path from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createSteps, type StepUrls } from './steps.js';

const [address = '', namespace = '', taskQueue = '', urls = '{}'] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const steps = createSteps(JSON.parse(urls) as StepUrls);
const apart = taskQueue.endsWith('-apart');

const activityWorker = (service: string, verbs: object): Promise<Worker> =>
  Worker.create({ connection, namespace, taskQueue: `${taskQueue}-${service}`, activities: verbs });

const { reserveInventory, processPayment, createShipment, sendConfirmation } = steps;
const workers = await Promise.all([
  Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowsPath: path.join(import.meta.dirname, 'workflows.ts'),
    ...(!apart && { activities: steps }),
  }),
  ...(apart
    ? [
        activityWorker('inventory', { reserveInventory }),
        activityWorker('payment', { processPayment }),
        activityWorker('shipping', { createShipment }),
        activityWorker('notification', { sendConfirmation }),
      ]
    : []),
]);
process.on('disconnect', () => {
  for (const worker of workers) worker.shutdown();
});
process.send?.({ ready: taskQueue });
await Promise.all(workers.map((worker) => worker.run()));
await connection.close();
process.exit(0);
