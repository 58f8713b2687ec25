/** A real Temporal dev server for a test file: what the time-skipping server cannot do, or does not do right. */
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { environmentOf } from './environment.js';
import { quietRuntime, type TestEnv } from './temporal.js';

const TUNING = ['transferProcessorMaxPollRPS', 'timerProcessorMaxPollRPS', 'visibilityProcessorMaxPollRPS'];

/** Starts a server in memory, tuned as `npm start` does. Its time passes as on the clock: budgets must be short. */
export async function createDevServer(): Promise<TestEnv> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: environmentOf('TEST_TEMPORAL_SERVER') },
      log: { format: 'json', level: 'error' },
      extraArgs: [
        ...TUNING.flatMap((name) => ['--dynamic-config-value', `history.${name}=5000`]),
        ...['--search-attribute', 'SagaState=Keyword', '--search-attribute', 'SagaBlockedOn=Keyword'],
      ],
    },
  });
  const namespace = env.namespace ?? 'default';
  const asOnTheClock = async (): Promise<void> => undefined;
  return {
    client: new Client({ connection: env.connection, namespace }),
    connection: env.connection,
    nativeConnection: env.nativeConnection,
    namespace,
    address: env.address,
    unlock: asOnTheClock,
    lock: asOnTheClock,
    now: () => Promise.resolve(Date.now()),
    withWorker: async (options, body) => {
      const worker = await Worker.create({ ...options, connection: env.nativeConnection, namespace });
      return await worker.runUntil(body);
    },
    close: async () => {
      await env.teardown();
    },
  };
}
