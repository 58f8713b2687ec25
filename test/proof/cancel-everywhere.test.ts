// Rule 25: cancelled at every event of a happy history, an order ends complete or net zero, never as a mixture.
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { cancelSaga } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { openShop, steering, type Shop } from '../workflows/shop.js';
import { watchCalls } from './calls.js';
import { expectNotice, expectOneEnd, expectReverseUndoing } from './facts.js';
import { ACTIONS, momentsOf, mustBe, nameOf, type EventTypeNumber, type Moment } from './moments.js';
import { printTable } from './table.js';

const { EventType } = proto.temporal.api.enums.v1;

type Ask = (sagaId: string) => Promise<unknown>;

const calls = watchCalls(1);
const rows: string[][] = [];
let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ interceptors: [calls.interceptor], maxCachedWorkflows: 0 });
});
afterAll(async () => {
  printTable('Cancelled at every event of a happy history', [
    ['event', 'moment', 'by Update', "by Temporal's cancel"],
    ...rows,
  ]);
  await shop?.close();
});

const WAYS: Readonly<Record<'update' | 'temporal', Ask>> = {
  update: (sagaId) => shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] }),
  temporal: (sagaId) => shop.handleOf(sagaId).cancel(),
};

async function happyHistory(): Promise<EventTypeNumber[]> {
  const sagaId = await shop.place();
  await shop.outcomeOf(sagaId);
  return eventTypesOf(sagaId);
}

async function eventTypesOf(sagaId: string): Promise<EventTypeNumber[]> {
  const { events } = await shop.handleOf(sagaId).fetchHistory();
  return (events ?? []).map(({ eventType }) => eventType ?? EventType.EVENT_TYPE_UNSPECIFIED);
}

/** Lets the order come to this moment, asks, and lets it go on. Resolves to whether the asker was told yes. */
async function askAt({ kind, nth }: Moment, orderId: string, ask: Ask): Promise<boolean> {
  const sagaId = `order-${orderId}`;
  const place = () => shop.place({ orderId }, { attemptTimeout: 10_000 });
  const toldYes = (answer: Promise<unknown>): Promise<boolean> =>
    answer.then(
      () => true,
      () => false,
    );
  if (kind === 'ended') {
    await place();
    await shop.outcomeOf(sagaId);
    await expect(WAYS.update(sagaId)).rejects.toBeInstanceOf(WorkflowNotFoundError);
    return toldYes(ask(sagaId));
  }
  const action = ACTIONS[nth - (kind.startsWith('task') ? 2 : 1)] ?? '';
  if (kind === 'action asks' || kind === 'action answered') {
    return new Promise((resolve, reject) => {
      const askNow = async (): Promise<void> => {
        const told = await toldYes(ask(sagaId));
        await noticed(sagaId);
        resolve(told);
      };
      calls.around(sagaId, action, async (call) => {
        if (kind === 'action asks') await askNow();
        const answer = await call.next();
        if (kind === 'action answered') await askNow();
        return answer;
      });
      place().catch(reject);
    });
  }
  if (nth === 1) await shop.stopDeciding();
  else {
    calls.around(sagaId, action, async (call) => {
      const answer = await call.next();
      await shop.stopDeciding();
      return answer;
    });
  }
  await place();
  await eventually('the workflow task to wait', 10_000, () => waits(sagaId, nth));
  const giveBack = kind === 'task started' ? await takeTask() : undefined;
  const told = toldYes(ask(sagaId));
  await shop.handleOf(sagaId).describe(); // it was sent after the request, so the request has arrived
  await giveBack?.();
  await shop.startDeciding();
  return told;
}

/**
 * Resolves when the workflow has dealt with Temporal's cancel, if there was one. Only then may the action end: this
 * server breaks a run in which an activity ends while the task that cancels it is under way.
 */
async function noticed(sagaId: string): Promise<void> {
  await eventually('the cancel to be noticed', 10_000, async () => {
    const types = await eventTypesOf(sagaId);
    const asked = types.indexOf(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
    return asked < 0 || types.includes(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, asked);
  });
}

async function waits(sagaId: string, nth: number): Promise<boolean> {
  return momentsOf(await eventTypesOf(sagaId)).at(-1)?.nth === nth;
}

/** Takes the workflow task as a worker would that dies over it; what is returned gives it back. */
async function takeTask(): Promise<() => Promise<unknown>> {
  const { connection, namespace } = shop.env;
  const { taskToken } = await connection.workflowService.pollWorkflowTaskQueue({
    namespace,
    taskQueue: { name: shop.taskQueue },
    identity: 'a worker that dies',
  });
  return () => connection.workflowService.respondWorkflowTaskFailed({ namespace, taskToken });
}

/** The books are judged by the oracle; what the asker was told, the journal and the verdict must agree. */
async function judge(sagaId: string, way: keyof typeof WAYS, moment: Moment, told: boolean): Promise<string> {
  await shop.env.skipUntil(
    shop
      .handleOf(sagaId)
      .result()
      .catch(() => undefined),
  );
  const [record, journal] = [await shop.recordOf(sagaId), await shop.journalOf(sagaId)];
  const accepted = journal.some(({ name }) => name === 'SagaCancelAccepted');
  const must = mustBe(moment);
  if (way === 'update') expect(told).toBe(accepted);
  if (must !== 'either') expect(accepted).toBe(must === 'accepted');
  expect(record.state).toBe(accepted ? 'CANCELLED' : 'COMPLETED');
  expectOneEnd(journal, record);
  expectReverseUndoing(journal, record);
  await expectNotice(shop, sagaId, record);
  expect(await shop.differences()).toEqual([]);
  return `${accepted ? 'accepted' : 'refused'}, ${record.state}, books agree`;
}

it('a cancel at any event of a happy history leaves an order complete or net zero (rule 25)', async () => {
  const moments = momentsOf(await happyHistory());
  expect(moments.length).toBeGreaterThan(25);
  for (const [index, moment] of moments.entries()) {
    const found: string[] = [];
    for (const way of ['update', 'temporal'] as const) {
      const orderId = randomUUID();
      const told = await askAt(moment, orderId, WAYS[way]);
      found.push(await judge(`order-${orderId}`, way, moment, told));
    }
    rows.push([String(index + 1), nameOf(moment), ...found]);
  }
}, 300_000);
