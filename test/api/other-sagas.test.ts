/**
 * A saga type that the product has never heard of (the trips of examples/trip-booking: workflow, queue and data of its own)
 * beside orders: read, listed, streamed, steered and repaired as they are. Real PostgreSQL, a real Temporal server.
 */
import path from 'node:path';
import { followSaga } from '../../src/client/follow-saga.js';
import { eventually } from '../support/eventually.js';
import type { TestWorker } from '../support/temporal.js';
import { CUSTOMER, openStage, STAFF, type Stage } from './trip-stage.js';

const items = [{ productId: '123', quantity: 2 }];
const who = ['--actor', 'olga', '--reason', 'told by phone'];
/** The flight is refused, and the hotel cannot be given back. */
const BLOCKS = { hotel: 'guest-has-arrived', flight: 'sold-out' };

let reports: TestWorker | undefined;
let stage: Stage | undefined;
let { api, temporal, trips, inside, client, get, post, statusOf, until, ended, blocked, unwind, lettersOf }: Stage =
  Object.create(null);

beforeAll(async () => {
  stage = await openStage();
  ({ api, temporal, trips, inside, client, get, post, statusOf, until, ended, blocked, unwind, lettersOf } = stage);
});

afterAll(async () => {
  await reports?.stop();
  await stage?.close();
});

describe('a trip that no worker has begun', () => {
  it('has the status that Temporal tells, and its type; a workflow that is no saga has none', async () => {
    await trips.start('trip-early');
    expect(await statusOf('trip-early')).toMatchObject({
      sagaId: 'trip-early',
      sagaType: 'TripBooking',
      state: 'STARTED',
      data: {},
      source: 'temporal',
      temporalStatus: 'RUNNING',
    });
    await temporal.client.workflow.start('report', { workflowId: 'report-1', taskQueue: 'nobody' });
    const none = await get('/api/sagas/report-1/status');
    expect([none.status, none.body['code']]).toEqual([404, 'SagaNotFound']);
    await trips.startWorker();
    await ended('trip-early', 'COMPLETED');
  });
});

describe('a trip', () => {
  it('that completes stands in lists, status and events beside orders, and in no list of orders', async () => {
    // An order with the trip's very id is another thing.
    expect((await post('/api/orders', { orderId: 'trip-done', items })).status).toBe(202);
    await trips.start('trip-done');
    await Promise.all([ended('trip-done', 'COMPLETED'), ended('order-trip-done', 'COMPLETED')]);
    const status = await statusOf('trip-done');
    expect(status).toMatchObject({ sagaType: 'TripBooking', data: { hotel: 'Ritz', flight: 'LH 100' } });
    const fresh = (await get('/api/sagas/trip-done/status?fresh=true')).body;
    expect(fresh).toMatchObject({ source: 'workflow', steps: status['steps'], state: 'COMPLETED' });

    const { body: ofType } = await client.listSagas({ query: { type: 'TripBooking', limit: 200 } });
    expect(ofType?.items.map(({ sagaId }) => sagaId)).toEqual(['trip-done', 'trip-early']);
    const { body: all } = await client.listSagas({ query: { state: 'COMPLETED', limit: 200 } });
    expect(all?.items.map(({ sagaId }) => sagaId)).toEqual(expect.arrayContaining(['trip-done', 'order-trip-done']));
    for (const query of [{}, { state: ['COMPLETED' as const] }, { updatedFrom: '2000-01-01T00:00:00Z' }]) {
      const { body: orders } = await client.listOrders({ query: { ...query, limit: 200 } });
      expect(orders?.items.map(({ sagaId }) => sagaId)).toEqual(['order-trip-done']);
    }

    const { body: events } = await client.listSagaEvents({ params: { sagaId: 'trip-done' }, query: { limit: 200 } });
    expect(events?.items.at(0)?.type).toBe('SagaStarted');
    expect(events?.items.at(-1)?.type).toBe('TripBookingCompleted');
    expect(new Set(events?.items.map(({ correlationId }) => correlationId))).toEqual(new Set(['request-of-trip-done']));
    const { body: ends } = await client.listEvents({ query: { type: ['TripBookingCompleted'], limit: 200 } });
    expect(ends?.items.map(({ sagaId }) => sagaId)).toEqual(['trip-early', 'trip-done']);
  });

  it('is streamed as it comes, to its last event, and is over then', async () => {
    await trips.start('trip-followed', { flight: 'sold-out' });
    await ended('trip-followed', 'FAILED');
    const seen: string[] = [];
    const within = AbortSignal.timeout(20_000);
    for await (const { type } of followSaga({ baseUrl: api.url, headers: STAFF }, 'trip-followed', {
      signal: within,
    })) {
      seen.push(type);
    }
    expect(within.aborted).toBe(false);
    expect([seen[0], seen.at(-1)]).toEqual(['SagaStarted', 'TripBookingFailed']);
    expect(await statusOf('trip-followed')).toMatchObject({ state: 'FAILED', reason: 'NoSeat' });
  });

  it('is cancelled by the API once, on what was seen, and not after its end (rules 18 and 24)', async () => {
    await trips.start('trip-ill', { flight: 'slow' });
    const tag = await eventually('the hotel to be booked', 20_000, async () => {
      const { headers, text } = await get('/api/sagas/trip-ill/status?fresh=true');
      return text.includes('"completed"') && headers.get('etag');
    });
    const cancel = (headers = {}) => post('/api/sagas/trip-ill/cancel', { reason: 'the traveller is ill' }, headers);
    const stale = await cancel({ 'if-match': '"of-yesterday"' });
    expect([stale.status, stale.body['code'], stale.body['sagaId']]).toEqual([412, 'PreconditionFailed', 'trip-ill']);
    const decided = await cancel({ 'if-match': tag ?? '' });
    expect(decided.body).toEqual({
      sagaId: 'trip-ill',
      accepted: true,
      state: 'COMPENSATING',
      at: expect.any(String),
    });
    expect((await cancel()).body).toEqual(decided.body);
    const second = await post('/api/sagas/trip-ill/cancel', { reason: 'again' });
    expect([second.status, second.body['detail']]).toEqual([
      409,
      // It may be quick.
      expect.stringMatching(/^The saga (?:is being undone|has been cancelled): it can no longer be cancelled\.$/),
    ]);
    trips.letFlightsGo();
    expect(await ended('trip-ill', 'CANCELLED')).toMatchObject({ reason: 'CancelRequested' });
    await temporal.client.workflow.getHandle('trip-ill').result();
    const late = await post('/api/sagas/trip-ill/cancel', { reason: 'late' });
    expect([late.status, late.body['code'], late.body['detail'], late.body['orderId']]).toEqual([
      409,
      'AlreadyEnded',
      'The saga has been cancelled: it can no longer be cancelled.',
      undefined,
    ]);
    const { body } = await client.listSagaEvents({ params: { sagaId: 'trip-ill' }, query: { limit: 200 } });
    expect(body?.items.find(({ type }) => type === 'SagaCancelAccepted')?.data).toMatchObject({
      actor: 'olga',
      reason: 'the traveller is ill',
    });
  });

  it.each([
    ['approve', 'COMPLETED', null],
    ['reject', 'FAILED', 'ApprovalRejected'],
  ])('that waits for an approval takes %s, and ends as %s', async (what, verdict, reason) => {
    const sagaId = `trip-${what}`;
    await trips.start(sagaId, { needsApproval: true });
    await until(sagaId, 'waiting', ({ waitingFor }) => waitingFor !== null);
    const decided = await post(`/api/sagas/${sagaId}/${what}`, { reason: 'within the budget' });
    expect([decided.status, decided.body['accepted']]).toEqual([200, true]);
    expect(await ended(sagaId, verdict)).toMatchObject({ reason });
  });

  it('that waits for no approval refuses one with a sentence about sagas', async () => {
    await trips.start('trip-stuck', BLOCKS);
    await blocked('trip-stuck');
    const refused = await post('/api/sagas/trip-stuck/approve', { reason: 'known' });
    expect([refused.status, refused.body['code'], refused.body['detail'], refused.body['blockedOn']]).toEqual([
      409,
      'NotApplicable',
      'The saga is being undone: there is nothing left to approve.',
      'book_hotel',
    ]);
  });

  it('that is blocked is a dead letter, and is resolved by the API, in bulk and by the command line (rule 18)', async () => {
    for (const sagaId of ['trip-bulk', 'trip-letter']) await trips.start(sagaId, BLOCKS);
    for (const sagaId of ['trip-bulk', 'trip-letter']) await blocked(sagaId);
    const letters = await lettersOf('--step', 'book_hotel');
    expect(letters.map(({ sagaId }) => sagaId).sort()).toEqual(['trip-bulk', 'trip-letter', 'trip-stuck']);
    expect(letters[0]).toMatchObject({ kind: 'blocked', reason: 'GuestHasArrived', resolution: null });

    const skip = { action: 'skip', reason: 'the guest pays', requestId: 'r-1' };
    const resolved = await post('/api/sagas/trip-stuck/steps/book_hotel/resolve', skip);
    expect(resolved.body).toMatchObject({ sagaId: 'trip-stuck', step: 'book_hotel', accepted: true });
    expect(resolved.body).not.toHaveProperty('orderId');
    const waivers = [{ step: 'book_hotel', actor: 'olga', reason: 'the guest pays' }];
    expect(await ended('trip-stuck', 'FAILED')).toMatchObject({ reason: 'NoSeat', waivers });

    const letter = letters.find(({ sagaId }) => sagaId === 'trip-letter');
    const said = await unwind('dead-letters', 'resolve', letter?.id ?? '', ...who);
    expect(said).toMatchObject({ code: 0, out: `${letter?.id}: skipped\n` });
    await ended('trip-letter', 'FAILED');

    const filter = { type: 'TripBooking', blockedOn: 'book_hotel' };
    const bulk = { bulkId: 'guests', filter, action: 'skip', reason: 'all pay' } as const;
    const { body: dry } = await client.resolveSagas({ body: { ...bulk, dryRun: true } });
    const preview = { applies: true, verdict: { state: 'FAILED', reason: 'NoSeat' }, waived: ['book_hotel'] };
    const wouldResolve = { sagaId: 'trip-bulk', step: 'book_hotel', outcome: 'wouldResolve', preview };
    expect(dry?.results).toHaveLength(1);
    expect(dry?.results).toMatchObject([wouldResolve]);
    const { body: done } = await client.resolveSagas({ body: bulk });
    expect(done?.counts).toEqual({ accepted: 1 });
    await ended('trip-bulk', 'FAILED');
    expect(await lettersOf('--step', 'book_hotel')).toEqual([]);
  });

  it('whose itinerary cannot be delivered is a dead letter, which a human delivers and closes', async () => {
    await trips.start('trip-undelivered', { traveller: 'unknown-traveller' });
    expect(await ended('trip-undelivered', 'COMPLETED')).toMatchObject({ deadLetters: ['send_itinerary'] });
    const [letter] = await lettersOf('--kind', 'undelivered');
    expect(letter).toMatchObject({ sagaId: 'trip-undelivered', step: 'send_itinerary', reason: 'RecipientRejected' });
    const retried = await unwind('dead-letters', 'retry', letter?.id ?? '', ...who);
    expect([retried.code, retried.out]).toEqual([
      1,
      `${letter?.id}: only the notices of orders are sent again from here: deliver it yourself, then resolve it\n`,
    ]);
    expect((await unwind('dead-letters', 'resolve', letter?.id ?? '', ...who)).code).toBe(0);
    expect(await lettersOf('--kind', 'undelivered')).toEqual([]);
  });
});

describe('a workflow that is no saga', () => {
  const decisions = ['cancel', 'approve', 'reject', 'steps/any/resolve'];
  const decide = (what: string, sagaId: string) =>
    post(`/api/sagas/${sagaId}/${what}`, {
      reason: 'nobody is there',
      ...(what.includes('steps') && { action: 'retry' }),
    });

  it('has no status, and takes no decision while it runs', async () => {
    const taskQueue = 'reports';
    const workflowsPath = path.join(import.meta.dirname, 'report.ts');
    reports = await temporal.startWorker({ taskQueue, workflowsPath });
    const report = await temporal.client.workflow.start('report', { workflowId: 'report-2', taskQueue });
    const status = await get('/api/sagas/report-2/status');
    expect([status.status, status.body['code']]).toEqual([404, 'SagaNotFound']);
    for (const what of decisions) {
      const answer = await decide(what, 'report-2');
      expect([what, answer.status, answer.body['code'], answer.body['detail']]).toEqual([
        what,
        409,
        'NotApplicable',
        'Its workflow takes no such request: it is no saga, or names its messages otherwise.',
      ]);
    }
    await report.terminate();
  });

  it('is not there to decide on once it has ended', async () => {
    for (const what of decisions) {
      const answer = await decide(what, 'report-2');
      expect([what, answer.status, answer.body['code']]).toEqual([what, 404, 'SagaNotFound']);
    }
  });
});

describe('a customer', () => {
  it('sees no saga that is no order, not even under the id of an order of their own (404)', async () => {
    await trips.start('trip-mine');
    await ended('trip-mine', 'COMPLETED');
    // The order's id is the trip's; customers do not choose ids, so staff has placed it for her.
    const placed = await post('/api/orders', { orderId: 'trip-mine', customerId: 'ann', items });
    expect(placed.status).toBe(202);
    await ended('order-trip-mine', 'COMPLETED');
    expect((await get('/api/sagas/order-trip-mine/status', CUSTOMER)).status).toBe(200);
    for (const what of ['status', 'events', 'stream']) {
      const answer = await get(`/api/sagas/trip-mine/${what}`, CUSTOMER);
      expect([what, answer.status, answer.body['code']]).toEqual([what, 404, 'SagaNotFound']);
    }
    const ticket = await api.post('/api/sagas/trip-mine/stream-tickets', {}, CUSTOMER);
    expect([ticket.status, ticket.body['code']]).toEqual([404, 'SagaNotFound']);
    for (const what of ['cancel', 'approve', 'reject', 'steps/book_hotel/resolve']) {
      const body = { reason: 'mine', ...(what.includes('steps') && { action: 'skip' }) };
      expect([what, (await api.post(`/api/sagas/trip-mine/${what}`, body, CUSTOMER)).status]).toEqual([what, 403]);
    }
  });
});

describe('the journal of all of them', () => {
  it('agrees with Temporal, and is rebuilt from its histories when a trip is lost (rules 31 and 54)', async () => {
    const { rows } = await inside.query<{ count: number }>('SELECT count(*)::int AS count FROM sagas');
    const sagas = rows[0]?.count ?? 0;
    expect(sagas).toBeGreaterThan(10);
    expect(await unwind('journal-verify')).toEqual({
      code: 0,
      // Reports have no search attribute, and are not taken for sagas.
      out: `${sagas} sagas, 0 of them without a history to compare with\nThe journal agrees.\n`,
    });
    const before = await inside.query(
      'SELECT seq, id, type, data, at FROM saga_events WHERE saga_id = $1 ORDER BY seq',
      ['trip-ill'],
    );
    await inside.query(`DELETE FROM saga_events WHERE saga_id = 'trip-ill'`);
    await inside.query(`DELETE FROM sagas WHERE saga_id = 'trip-ill'`);
    expect((await unwind('journal-verify')).out).toContain('DIFFERENCE: trip-ill: ');
    const mended = await unwind('journal-rebuild', '--apply');
    expect([mended.code, mended.out]).toEqual([0, expect.stringContaining('MENDED: trip-ill: ')]);
    expect((await unwind('journal-verify')).code).toBe(0);
    const after = await inside.query(
      'SELECT seq, id, type, data, at FROM saga_events WHERE saga_id = $1 ORDER BY seq',
      ['trip-ill'],
    );
    expect(after.rows).toEqual(before.rows);
    expect(await statusOf('trip-ill')).toMatchObject({ sagaType: 'TripBooking', state: 'CANCELLED' });
  });
});
