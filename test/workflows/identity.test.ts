// Copies of an order's input, on the dev server: it has schedules, resets and lists.
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { sagaVerdicts } from '../../src/oracle/verdicts-in-temporal.js';
import { verifyJournal } from '../../src/journal/audit/verify.js';
import { auditBooks } from '../../src/oracle/audit.js';
import { ORDER_FULFILLMENT, type OrderFulfillmentInput } from '../../src/workflows/messages.js';
import { resetBefore } from '../journal/reset.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, POLICY, type Shop } from './shop.js';

const UNHANDLED_COMMAND =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop.close());

async function completed(): Promise<string> {
  const sagaId = await shop.place();
  expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
  return sagaId;
}

const inputOf = (sagaId: string): OrderFulfillmentInput => ({
  orderId: sagaId.replace(/^order-/, ''),
  policy: { ...POLICY, journal: true },
});

const start = (workflowId: string, ...args: unknown[]): Promise<WorkflowHandle> =>
  shop.env.client.workflow.start(ORDER_FULFILLMENT, { workflowId, taskQueue: shop.taskQueue, args });

/** All that the services and the journal say of a saga. */
const everything = async (sagaId: string) => ({
  ledgers: await Promise.all([
    shop.ledgerOf('inventory', `reservations/${sagaId}`),
    shop.ledgerOf('payment', `payments/${sagaId}`),
    shop.ledgerOf('shipping', `shipments/${sagaId}`),
    shop.ledgerOf('notification', `notifications/${sagaId}-confirmation`),
    shop.ledgerOf('notification', `notifications/${sagaId}-cancellation`),
  ]),
  events: await shop.journal.events(sagaId),
  row: await shop.journal.reader.getSaga(sagaId),
});

async function expectRefused(copy: WorkflowHandle): Promise<void> {
  const error: unknown = await copy.result().catch((reason: unknown) => reason);
  const { cause } = error instanceof WorkflowFailedError ? error : { cause: error };
  expect(cause).toBeInstanceOf(ApplicationFailure);
  expect(cause).toMatchObject({ type: 'SagaRefused', nonRetryable: true });
  const { events } = await copy.fetchHistory();
  expect(events?.filter((event) => event.activityTaskScheduledEventAttributes)).toEqual([]);
  // A cancel that comes while the workflow is refused makes the server ask once more; that is no failure of ours.
  const failures = events?.flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed?.cause ?? []);
  expect(failures?.filter((cause) => cause !== UNHANDLED_COMMAND)).toEqual([]);
}

describe('a copy of an order under another workflow id (S12, rule 19)', () => {
  it('that is left alone changes neither the books nor the journal', async () => {
    const sagaId = await completed();
    const before = await everything(sagaId);
    await expectRefused(await start(`${sagaId}-copy`, inputOf(sagaId)));
    expect(await everything(sagaId)).toEqual(before);
    expect(await shop.journal.events(`${sagaId}-copy`)).toEqual([]);
  });

  it('that is cancelled undoes nothing of the order', async () => {
    const sagaId = await completed();
    const before = await everything(sagaId);
    const copy = await start(`${sagaId}-cancelled`, inputOf(sagaId));
    await copy.cancel().catch(() => undefined);
    await expectRefused(copy);
    expect(await everything(sagaId)).toEqual(before);
  });

  it('that a schedule starts is refused', async () => {
    const sagaId = await completed();
    const before = await everything(sagaId);
    const schedule = await shop.env.client.schedule.create({
      scheduleId: `of-${sagaId}`,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: ORDER_FULFILLMENT,
        workflowId: sagaId,
        taskQueue: shop.taskQueue,
        args: [inputOf(sagaId)],
      },
    });
    await schedule.trigger();
    const workflowId = await eventually('the schedule to start it', 30_000, async () => {
      const [run] = (await schedule.describe()).info.recentActions;
      return run?.action.workflow.workflowId;
    });
    await expectRefused(shop.env.client.workflow.getHandle(workflowId));
    await schedule.delete();
    expect(await everything(sagaId)).toEqual(before);
  });

  it('is no order for the oracle, which compares books and verdicts as if it were not there (rule 34)', async () => {
    const sagaId = await completed();
    await expectRefused(await start(`${sagaId}-again`, inputOf(sagaId)));
    const source = sagaVerdicts(shop.env.client);
    await eventually('the copy to be listed', 10_000, async () => {
      const query = `WorkflowId = '${sagaId}-again' AND ExecutionStatus = 'Failed'`;
      return (await shop.env.client.workflow.count(query)).count === 1;
    });
    expect((await source.all()).map((verdict) => verdict.sagaId)).not.toContain(`${sagaId}-again`);
    expect(await source.of(`${sagaId}-again`)).toBeUndefined();
    expect((await auditBooks(shop.urls, source)).differences).toEqual([]);
    const { url: databaseUrl, schema } = shop.journal;
    const verified = await verifyJournal({ journal: { databaseUrl, schema }, client: shop.env.client });
    expect(verified.differences).toEqual([]);
  });
});

describe('an input that lacks what its saga needs (S12)', () => {
  it.each([
    ['its policy', { policy: undefined }],
    ['a time-out', { policy: { ...POLICY, stepTimeout: undefined } }],
    ['a deadline that is a number', { policy: { ...POLICY, deadline: 'soon' } }],
  ])('such as %s is refused before anybody is called, also under its own id', async (_what, lacking) => {
    const sagaId = await completed();
    const before = await everything(sagaId);
    await expectRefused(await start(sagaId, { ...inputOf(sagaId), ...lacking }));
    expect(await everything(sagaId)).toEqual(before);
  });

  it('such as everything is refused', async () => {
    await expectRefused(await start('order-nothing'));
  });
});

it('a reset keeps the identity: the order completes once more, with the effects that it has (rule 19)', async () => {
  const sagaId = await completed();
  const { ledgers } = await everything(sagaId);
  await resetBefore(shop, sagaId, 'createShipment');
  expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
  expect((await everything(sagaId)).ledgers).toEqual(ledgers);
});
