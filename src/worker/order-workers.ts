/** The workers of this process, one for each task queue that it serves. */
import type { Connection } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { watchLeftQueues } from './left-queues.js';
import type { WorkerQueue } from '../config/service-limits.js';
import { SERVICES, type OrderQueues } from './queues.js';
import { type Polling, watchPollers } from './pollers.js';
import { type PollHealth, watchPolls } from './health.js';

const POLLED_WITHIN = 30_000;

export interface OrderWorkersOptions {
  /** Options of every worker. */
  readonly common: Omit<WorkerOptions, 'taskQueue'>;
  readonly queues: OrderQueues;
  /** The queues to serve; undefined: all. */
  readonly serve: readonly WorkerQueue[] | undefined;
  readonly workflows: Pick<WorkerOptions, 'workflowBundle' | 'buildId'>;
  /** For questions about pollers; the workers have a connection of their own. */
  readonly asking: Connection;
  readonly namespace: string;
  readonly logger: Logger;
}

export interface OrderWorkers {
  readonly taskQueues: readonly string[];
  /** Rejects if one of the workers fails. */
  readonly failure: Promise<never>;
  readonly health: PollHealth;
  stop(): Promise<void>;
}

/**
 * Runs the workers, and returns once the server has seen each of them poll. A worker that serves the workflows' queue also
 * looks for activities in queues of services that have none of their own any more, and then serves those.
 *
 * @throws StartError naming a queue that is not polled in time
 */
export async function runOrderWorkers(options: OrderWorkersOptions): Promise<OrderWorkers> {
  const { common, queues, serve = ['orders', ...queues.own], workflows, asking, namespace } = options;
  const decides = serve.includes('orders');
  const served = [
    ...(decides ? [{ ...queues.shared, ...workflows }] : []),
    ...queues.own.filter((service) => serve.includes(service)).map(queues.of),
  ];
  const workers = await Promise.all(served.map((queue) => Worker.create({ ...common, ...queue })));
  const taskQueues = served.map(({ taskQueue }) => taskQueue);
  const activities = taskQueues.map((name) => ({ name, kind: 'activity' as const }));
  const polling: Polling = {
    connection: asking,
    namespace,
    identity: workers[0]?.options.identity ?? '',
    queues: [...(decides ? [{ name: queues.shared.taskQueue, kind: 'workflow' as const }] : []), ...activities],
  };
  const untilPolled = await watchPollers(polling, POLLED_WITHIN);
  const { run, failure, stop } = runTogether();
  for (const worker of workers) run(worker);
  await Promise.race([untilPolled(), failure]);
  const left = decides ? serveWhatIsLeft(options, run) : undefined;
  const health = watchPolls(polling);
  return {
    taskQueues,
    failure,
    health,
    stop: async () => {
      left?.stop();
      health.stop();
      await stop();
    },
  };
}

function runTogether() {
  const workers: Worker[] = [];
  const runs: Promise<void>[] = [];
  let isStopping = false;
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_resolve, reject) => (fail = reject));
  failure.catch(() => undefined);
  return {
    failure,
    run(worker: Worker): void {
      const running = worker.run();
      workers.push(worker);
      runs.push(running);
      running.catch(fail);
      if (isStopping) worker.shutdown();
    },
    async stop(): Promise<void> {
      isStopping = true;
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
    },
  };
}

/** Serves the activities of orders from before a setting was taken back, until this process ends. */
function serveWhatIsLeft(options: OrderWorkersOptions, run: (worker: Worker) => void): { stop(): void } {
  const { asking, namespace, queues, common, logger } = options;
  const shared = SERVICES.filter((service) => !queues.own.includes(service)).map(queues.of);
  return watchLeftQueues({
    connection: asking,
    namespace,
    names: shared.map(({ taskQueue }) => taskQueue),
    onLeft: async (name) => {
      const queue = shared.find(({ taskQueue }) => taskQueue === name);
      if (!queue) return;
      logger.warn({ taskQueue: name }, 'activities wait in a task queue that no worker serves: this one serves it now');
      run(await Worker.create({ ...common, ...queue }));
    },
  });
}
