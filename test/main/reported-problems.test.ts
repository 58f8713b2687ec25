/** What the dev server's settings switch on: a workflow whose task keeps failing is found by its search attribute. */
import { randomUUID } from 'node:crypto';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { workflowBundle } from '../support/temporal.js';

it('a workflow whose task has failed twice is counted by TemporalReportedProblems', async () => {
  const env = await createDevServer();
  try {
    const taskQueue = randomUUID();
    await env.withWorker({ taskQueue, workflowBundle: await workflowBundle() }, async () => {
      // The bundle has no such workflow, which fails the task and not the workflow.
      const failing = await env.client.workflow.start('missingWorkflow', { taskQueue, workflowId: taskQueue });
      await eventually('the workflow to be counted', 50_000, async () => {
        const query = `TemporalReportedProblems IN ('category=WorkflowTaskFailed') AND WorkflowId = '${taskQueue}'`;
        return (await env.client.workflow.count(query)).count === 1;
      });
      const { raw } = await failing.describe();
      // The server's own default would have been five.
      expect(raw.pendingWorkflowTask?.attempt).toBeLessThan(5);
      await failing.terminate();
    });
  } finally {
    await env.close();
  }
});
