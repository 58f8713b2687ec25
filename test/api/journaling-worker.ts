/** A worker for a running API's orders, which keeps the journal that the API reads. */
import { correlationInterceptor } from '../../src/activities/interceptors/origin.js';
import { journalInterceptor } from '../../src/activities/interceptors/store-journal.js';
import { openJournal } from '../../src/journal/write/journal.js';
import { orderQueues } from '../../src/worker/queues.js';
import { askCurrentRun } from '../../src/journal/audit/current-run.js';
import { TASK_QUEUE } from '../../src/workflows/messages.js';
import { workflowBundle, type TestEnv } from '../support/temporal.js';
import type { RunningApi } from './running-api.js';
import type { Shop } from './shop.js';

export interface JournalingWorker {
  stop(): Promise<void>;
}

export async function startJournalingWorker(temporal: TestEnv, api: RunningApi, shop: Shop): Promise<JournalingWorker> {
  const journal = openJournal({
    databaseUrl: api.journalUrl,
    schema: api.journalSchema,
    askRun: askCurrentRun(temporal.client),
  });
  const activities = { ...shop.activities, storeJournal: async () => undefined };
  const interceptors = [correlationInterceptor, journalInterceptor(journal)];
  const { shared } = orderQueues(TASK_QUEUE, activities, interceptors);
  const worker = await temporal.startWorker({ ...shared, workflowBundle: await workflowBundle() });
  return {
    async stop() {
      await worker.stop();
      await journal.close();
    },
  };
}
