import { createTimeSkipping, type TestEnv } from '../support/temporal.js';

/** A time-skipping server whose very first start is over: it takes longer than the API has patience. */
export async function createWarmServer(): Promise<TestEnv> {
  const temporal = await createTimeSkipping();
  await temporal.client.workflow.start('warmUp', { taskQueue: 'nobody', workflowId: 'warm-up' });
  return temporal;
}
