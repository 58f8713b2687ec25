/** An end that was stored, and whose attempt the server never heard of (rule 28). */
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { SHORT } from '../recording/bringing.js';
import { createDevServer } from '../support/dev-server.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { expectAsTheWorkflow } from './as-the-workflow.js';

let lost = 0;
/** The worker is cut off after everything is done and stored, so many times. */
const losingReports: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      const result: unknown = await next(input);
      const { info, cancellationSignal } = Context.current();
      if (info.activityType !== 'sendConfirmation' || lost <= 0) return result;
      lost -= 1;
      await pause(info.startToCloseTimeoutMs + 500, undefined, { signal: cancellationSignal }).catch(() => undefined);
      throw new Error('nobody heard of it');
    },
  },
});

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, interceptors: [losingReports], journal: {} });
});
afterAll(() => shop?.close());

const endsOf = async (sagaId: string) =>
  (await shop.journal.events(sagaId)).filter(({ type }) => type.startsWith('OrderFulfillment'));

it('is the end, when a later attempt is heard: the one that was stored first', async () => {
  lost = 1;
  const sagaId = await shop.place();
  expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED', deadLetters: [] });
  await expectAsTheWorkflow(shop, sagaId);
  const record = await shop.recordOf(sagaId);
  // Two attempts were made, and the first one was the one that counted.
  expect(record.steps.at(-1)).toMatchObject({ name: 'send_confirmation', status: 'completed', attempts: 1 });
  expect(await endsOf(sagaId)).toHaveLength(1);
});

it('is superseded when none is heard: the saga gives the delivery up, and its journal says so', async () => {
  lost = 100;
  const sagaId = await shop.place({}, SHORT);
  expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED', deadLetters: ['send_confirmation'] });
  await expectAsTheWorkflow(shop, sagaId);
  expect(await endsOf(sagaId)).toHaveLength(1);
  const all = await shop.journal.reader.getEvents(sagaId, { limit: 100, allBranches: true });
  expect(all.filter(({ supersededBy }) => supersededBy !== null).map(({ type }) => type)).toEqual([
    'SagaStepCompleted',
    'OrderFulfillmentCompleted',
  ]);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ branch: 1, deadLetters: ['send_confirmation'] });
});
