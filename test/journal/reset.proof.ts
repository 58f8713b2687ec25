/** Temporal's reset: the old branch stays readable, the new one is what the workflow says (rules 28 and 31). */
import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '../../src/journal/reader.js';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { expectAsTheWorkflow } from './as-the-workflow.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

/** Resets a run to the workflow task after which it scheduled this activity, and waits for the new run's end. */
async function resetBefore(sagaId: string, activity: string, runId?: string): Promise<string> {
  const handle = shop.env.client.workflow.getHandle(sagaId, runId);
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes?.activityType?.name === activity,
  )?.activityTaskScheduledEventAttributes;
  const described = await handle.describe();
  const { runId: newRun } = await shop.env.client.workflowService.resetWorkflowExecution({
    namespace: shop.env.namespace,
    workflowExecution: { workflowId: sagaId, runId: described.runId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: scheduled?.workflowTaskCompletedEventId ?? null,
  });
  await shop.handleOf(sagaId).result();
  return newRun;
}

const runsOf = (events: readonly StoredEvent[]): string[] => [...new Set(events.map(({ runId }) => runId))];

it('an order that is reset to its payment has both branches, and its row is the new one', async () => {
  const sagaId = await shop.place();
  await shop.handleOf(sagaId).result();
  const before = await shop.journal.events(sagaId);
  const { runId: oldRun } = await shop.handleOf(sagaId).describe();
  const newRun = await resetBefore(sagaId, 'processPayment');
  await expectAsTheWorkflow(shop, sagaId);
  const all = await shop.journal.reader.getEvents(sagaId, { limit: 100, allBranches: true });
  expect(runsOf(all)).toEqual([oldRun, newRun]);
  const reset = all.find(({ type }) => type === 'SagaReset');
  expect(reset).toMatchObject({ branch: 1, data: { runId: newRun, supersededRunId: oldRun } });
  const old = all.filter(({ branch }) => branch === 0);
  expect(old.map((event) => ({ ...event, supersededBy: null }))).toEqual(before);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', branch: 1, behindGap: false });
});

it('a run that is reset from an older one, past where another one had parted, is told whole', async () => {
  const sagaId = await shop.place();
  await shop.handleOf(sagaId).result();
  const { runId: first } = await shop.handleOf(sagaId).describe();
  await resetBefore(sagaId, 'processPayment');
  await resetBefore(sagaId, 'sendConfirmation', first);
  await expectAsTheWorkflow(shop, sagaId);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', branch: 2 });
});

it('an order whose confirmation was given up and is reset ends without a dead letter', async () => {
  const sagaId = (await PATHS['confirmation-undelivered']?.(shop)) ?? '';
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ deadLetters: ['send_confirmation'] });
  await shop.disarm();
  await resetBefore(sagaId, 'sendConfirmation');
  await expectAsTheWorkflow(shop, sagaId);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', deadLetters: [] });
});
