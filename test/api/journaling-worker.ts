/** A worker for a running API's orders, which keeps the journal that the API reads. */
import { correlationInterceptor } from '../../src/activities/correlation.js';
import { journalInterceptor } from '../../src/activities/journal.js';
import { openJournal } from '../../src/journal/journal.js';
import { runStanding } from '../../src/main/run-standing.js';
import { TASK_QUEUE } from '../../src/workflows/messages.js';
import { databaseUrl } from '../support/database.js';
import { workflowBundle, type TestEnv } from '../support/temporal.js';
import type { RunningApi } from './running-api.js';
import type { Shop } from './shop.js';

export interface JournalingWorker {
  stop(): Promise<void>;
}

export async function startJournalingWorker(temporal: TestEnv, api: RunningApi, shop: Shop): Promise<JournalingWorker> {
  const journal = openJournal({
    databaseUrl: databaseUrl(),
    schema: api.journalSchema,
    askRun: runStanding(temporal.client),
  });
  const worker = await temporal.startWorker({
    taskQueue: TASK_QUEUE,
    workflowBundle: await workflowBundle(),
    activities: { ...shop.activities, storeJournal: async () => undefined },
    interceptors: { activity: [correlationInterceptor, journalInterceptor(journal)] },
  });
  return {
    async stop() {
      await worker.stop();
      await journal.close();
    },
  };
}
