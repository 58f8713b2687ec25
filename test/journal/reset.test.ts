/** Temporal's reset: the old branch stays readable, the new one is what the workflow says (rules 28 and 31). */
import type { StoredEvent } from '../../src/journal/read/reader.js';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { expectAsTheWorkflow } from './as-the-workflow.js';
import { resetBefore } from './reset.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

const runsOf = (events: readonly StoredEvent[]): string[] => [...new Set(events.map(({ runId }) => runId))];

it('an order that is reset to its payment has both branches, and its row is the new one', async () => {
  const sagaId = await shop.place();
  await shop.handleOf(sagaId).result();
  const before = await shop.journal.events(sagaId);
  const { runId: oldRun } = await shop.handleOf(sagaId).describe();
  const newRun = await resetBefore(shop, sagaId, 'processPayment');
  await expectAsTheWorkflow(shop, sagaId);
  const all = await shop.journal.reader.getEvents(sagaId, { limit: 100, allBranches: true });
  expect(runsOf(all)).toEqual([oldRun, newRun]);
  const reset = all.find(({ type }) => type === 'SagaReset');
  expect(reset).toMatchObject({ branch: 1, data: { runId: newRun, supersededRunId: oldRun } });
  const old = all.filter(({ branch }) => branch === 0);
  expect(old.map((event) => ({ ...event, supersededBy: null }))).toEqual(before);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', branch: 1, behindGap: false });
});

it('a run that is reset from an older one, after the point at which another run had parted, is read whole', async () => {
  const sagaId = await shop.place();
  await shop.handleOf(sagaId).result();
  const { runId: first } = await shop.handleOf(sagaId).describe();
  await resetBefore(shop, sagaId, 'processPayment');
  await resetBefore(shop, sagaId, 'sendConfirmation', first);
  await expectAsTheWorkflow(shop, sagaId);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', branch: 2 });
});

it('an order whose confirmation was given up and is reset ends without a dead letter', async () => {
  const sagaId = (await PATHS['confirmation-undelivered']?.(shop)) ?? '';
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ deadLetters: ['send_confirmation'] });
  await shop.disarm();
  await resetBefore(shop, sagaId, 'sendConfirmation');
  await expectAsTheWorkflow(shop, sagaId);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'COMPLETED', deadLetters: [] });
});

it('an order that was continued as new and is reset afterwards has its first run’s events as well', async () => {
  const sagaId = (await PATHS['continued-as-new']?.(shop)) ?? '';
  await shop.disarm();
  await resetBefore(shop, sagaId, 'sendCancellationNotice');
  await expectAsTheWorkflow(shop, sagaId);
  expect(await shop.journal.reader.getSaga(sagaId)).toMatchObject({ state: 'FAILED', branch: 1, behindGap: false });
});
