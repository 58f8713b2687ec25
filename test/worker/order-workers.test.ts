// On the dev server: the time-skipping one counts no backlog.
import proto from '@temporalio/proto';
import { pino } from 'pino';
import { createActivities } from '../../src/activities/activities.js';
import { watchLeftQueues } from '../../src/worker/left-queues.js';
import { orderQueues } from '../../src/worker/queues.js';
import { runOrderWorkers, type OrderWorkers, type OrderWorkersOptions } from '../../src/worker/order-workers.js';
import { lastPolls } from '../../src/worker/pollers.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { workflowBundle } from '../support/temporal.js';
import { openShop, type Shop } from '../workflows/shop.js';
import type { ServiceLimits } from '../../src/config/service-limits.js';

/** Its own workers serve the workflows' queue alone. A process may have one worker for a queue. */
let shop: Shop;

beforeEach(async () => {
  shop = await openShop({ openServer: createDevServer });
});
afterEach(() => shop.close());

/** The product's workers, for the shop's orders. */
async function runWorkers(limits: ServiceLimits, serve?: OrderWorkersOptions['serve']): Promise<OrderWorkers> {
  const { env, orders, urls, taskQueue } = shop;
  return await runOrderWorkers({
    common: { connection: env.nativeConnection, namespace: env.namespace },
    queues: orderQueues(taskQueue, createActivities({ orders, services: urls }), [], limits),
    serve,
    workflows: { workflowBundle: await workflowBundle() },
    asking: env.connection,
    namespace: env.namespace,
    logger: pino({ enabled: false }),
  });
}

/** The shop's own workers end. */
const endShopsWorkers = async (): Promise<void> => void (await Promise.all([shop.stopDeciding(), shop.stopActing()]));

const queueOf = (service: string): string => `${shop.taskQueue}-${service}`;

const untilWaiting = (service: string): Promise<unknown> =>
  eventually('an activity that waits', 20_000, async () => {
    const { stats } = await shop.env.connection.workflowService.describeTaskQueue({
      namespace: shop.env.namespace,
      taskQueue: { name: queueOf(service) },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      reportStats: true,
    });
    return Number(stats?.approximateBacklogCount ?? 0) > 0;
  });

describe('the workers of a process', () => {
  it('serve the queue of the workflows, and those of the services that have one of their own', async () => {
    await endShopsWorkers();
    const workers = await runWorkers({ payment: { queue: 'own' }, shipping: { rate: 5 } });
    expect(workers.taskQueues).toEqual([shop.taskQueue, queueOf('payment'), queueOf('shipping')]);
    await workers.stop();
  });

  it('serve one service alone if the setting says so: its calls are made while no other worker serves it', async () => {
    const sagaId = await shop.place({}, { ownQueues: ['payment'] });
    await untilWaiting('payment');
    const workers = await runWorkers({ payment: { queue: 'own' } }, ['payment']);
    expect(workers.taskQueues).toEqual([queueOf('payment')]);
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
    await workers.stop();
  });

  it('serve what waits in a queue from before PAYMENT_QUEUE=own was taken back', async () => {
    const sagaId = await shop.place({}, { ownQueues: ['payment'] });
    await untilWaiting('payment');
    await endShopsWorkers();
    const workers = await runWorkers({});
    expect(workers.taskQueues).toEqual([shop.taskQueue]);
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
    await workers.stop();
  });
});

/** Looks again and again until `found` says so. */
async function untilFound(names: readonly string[], onLeft: (name: string) => Promise<void>, found: () => boolean) {
  const { connection, namespace } = shop.env;
  const { stop } = watchLeftQueues({ connection, namespace, names: names.map(queueOf), lookEvery: 50, onLeft });
  await eventually('queues that were left', 20_000, async () => found());
  stop();
}

describe('a queue in which activities wait', () => {
  it('was left if no worker polls it, and not if one has polled it in the last minute', async () => {
    const identity = 'a-worker-that-is-restarted';
    const queues = [{ name: queueOf('payment'), kind: 'activity' as const }];
    const { connection, namespace } = shop.env;
    await shop.env.withWorker({ taskQueue: queueOf('payment'), identity, activities: { act: () => undefined } }, () =>
      eventually(
        'a poll',
        20_000,
        async () => (await lastPolls({ connection, namespace, identity, queues }))[0] !== 0n,
      ),
    );
    await shop.place({}, { ownQueues: ['payment'] });
    await untilWaiting('payment');
    await shop.place({}, { ownQueues: ['inventory'] });
    const found: string[] = [];
    const note = async (name: string): Promise<void> => void found.push(name);
    // In this order: when the second one is found, the first one was looked at.
    await untilFound(['payment', 'inventory'], note, () => found.includes(queueOf('inventory')));
    expect(found).toEqual([queueOf('inventory')]);
  });

  it('is found again if it could not be served', async () => {
    await shop.place({}, { ownQueues: ['payment'] });
    let times = 0;
    const fail = (): Promise<void> => Promise.reject(new Error(`no worker, ${(times += 1)} times`));
    await untilFound(['payment'], fail, () => times > 1);
  });
});
