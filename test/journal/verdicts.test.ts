/** The oracle reads verdicts from the journal: without a worker, and after Temporal has forgotten (rules 30 and 34). */
import { auditBooks } from '../../src/oracle/audit.js';
import { keptVerdicts } from '../../src/oracle/verdicts-in-journal.js';
import { sagaVerdicts } from '../../src/oracle/verdicts-in-temporal.js';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openTrips } from '../api/trips.js';
import { describeAudit } from '../../src/oracle/report.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { batchOf, CLOSING, entriesOf, HAPPY } from './entries.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

it('a waiver of an order that Temporal’s own cancel ended is known although no worker is up', async () => {
  await PATHS['completed']?.(shop);
  // Its notice is given up: only what the saga has recorded excuses that.
  await shop.arm('payment', { mode: 'slow-answer', delayMs: 800 });
  const sagaId = await shop.place({}, { retriableBudget: 2000 });
  await eventually('the payment', 20_000, async () => (await shop.recordOf(sagaId)).currentStep === 'process_payment');
  await shop.arm('notification', { mode: 'unavailable', times: 1000 });
  await shop.handleOf(sagaId).cancel();
  await expect(shop.handleOf(sagaId).result()).rejects.toThrow();
  await shop.disarm();
  await shop.stopDeciding();
  const { client } = shop.env;
  await eventually('visibility', 20_000, async () => {
    return (await client.workflow.count(`ExecutionStatus != 'Running'`)).count === 2;
  });
  const kept = keptVerdicts(shop.journal.reader);
  expect((await auditBooks(shop.urls, sagaVerdicts(client, kept), { looks: 1 })).differences).toEqual([]);
  const alone = await auditBooks(shop.urls, sagaVerdicts(client), { looks: 1 });
  expect(alone.differences).toHaveLength(1);
  await shop.startDeciding();
});

it('an order that Temporal keeps no more has the verdict that was stored', async () => {
  const { client } = shop.env;
  const kept = keptVerdicts(shop.journal.reader);
  await shop.journal.journal.append(batchOf('order-old', entriesOf(HAPPY), { required: true, closing: CLOSING }));
  expect(await sagaVerdicts(client).of('order-old')).toBeUndefined();
  expect(await sagaVerdicts(client, kept).of('order-old')).toMatchObject({ state: 'COMPLETED', deadLetters: [] });
  expect((await sagaVerdicts(client, kept).all()).map(({ sagaId }) => sagaId)).toContain('order-old');
});

it('a saga of another type is in no books, and neither is what it holds at the services (rule 34)', async () => {
  const { client } = shop.env;
  const { url: databaseUrl, schema, reader } = shop.journal;
  const trips = await openTrips(shop.env, { databaseUrl, schema });
  await trips.startWorker();
  const sagaId = 'trip-that-pays';
  const trip = await trips.start(sagaId);
  await trip.result();
  await trips.stop();
  const amount = { amount: 500, currency: 'EUR' };
  const payment = { orderId: 'trip-1', customerId: 'ann', paymentMethod: 'pm_ok', amount };
  const paid = await shop.call('payment', 'PUT', `payments/${sagaId}`, payment);
  expect(paid.status).toBe(200);
  // Known to both, to Temporal alone, and to the journal alone.
  const forgetful = { ...sagaVerdicts(client), all: async () => [] };
  for (const source of [sagaVerdicts(client, keptVerdicts(reader)), sagaVerdicts(client), forgetful]) {
    const said = await eventually('visibility', 20_000, async () => {
      const audit = await auditBooks(shop.urls, source, { looks: 2, pauseMs: 1 });
      return audit.others.length > 0 && audit;
    });
    expect(said.others.map((other) => other.sagaId)).toEqual([sagaId]);
    expect(said.differences.filter((difference) => difference.sagaId === sagaId)).toEqual([]);
    expect(describeAudit(said).join('\n')).toMatch(/sagas of other types, which are not in these books: 1 \w+/);
  }
  const kept = await keptVerdicts(reader).of(sagaId);
  expect(kept).toEqual({ sagaId, otherType: 'TripBooking' });
  // A workflow that is no saga owns nothing: what bears its id is an orphan.
  await client.workflow.start('report', { workflowId: 'report-1', taskQueue: 'nobody' });
  expect(await sagaVerdicts(client).of('report-1')).toBeUndefined();
});
