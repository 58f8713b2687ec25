/** A real Temporal dev server for a test file: what the time-skipping server cannot do, or does not do right. */
import { setTimeout as pause } from 'node:timers/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DYNAMIC_CONFIG } from '../../src/local/temporal/server.js';
import { environmentOf } from './environment.js';
import { quietRuntime, serving, type TestEnv } from './temporal.js';

/** Starts a server in memory, tuned as `npm start` does. Its time passes as on the clock: budgets must be short. `more` is dynamic configuration. */
export async function createDevServer(more: readonly string[] = []): Promise<TestEnv> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: environmentOf('TEST_TEMPORAL_SERVER') },
      log: { format: 'json', level: 'error' },
      extraArgs: [
        ...[...DYNAMIC_CONFIG, ...more].flatMap((setting) => ['--dynamic-config-value', setting]),
        ...['SagaState', 'SagaBlockedOn'].flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ],
    },
  });
  const asOnTheClock = async (): Promise<void> => undefined;
  return {
    ...serving(env),
    unlock: asOnTheClock,
    lock: asOnTheClock,
    skip: async (milliseconds) => {
      await pause(milliseconds);
    },
    skipUntil: (awaited) => awaited,
    now: () => Promise.resolve(Date.now()),
  };
}
