/** What operators decide, one by one and in bulk; and approvals. */
import { eventually } from '../support/eventually.js';
import { DEAR, items, openWorkingShop, sagaOf, type WorkingShop } from './working-shop.js';

let running: WorkingShop;
let { api, shop, client, statusOf, eventsOf, block, endOf }: WorkingShop = Object.create(null);

beforeAll(async () => {
  running = await openWorkingShop();
  ({ api, shop, client, statusOf, eventsOf, block, endOf } = running);
});

afterAll(() => running?.close());

describe('an operator', () => {
  const resolve = (orderId: string, body: object, headers = {}) =>
    api.post(`/api/sagas/order-${orderId}/steps/reserve_inventory/resolve`, body, headers);

  it('skips a blocked step by name and reason, once: the same request id finds the decision, another content is refused (rule 18)', async () => {
    await block('skipped');
    const skip = { action: 'skip', reason: 'stock is gone', actor: 'olga', requestId: 'r-1' };
    const decided = await resolve('skipped', skip);
    expect([decided.status, decided.body['requestId']]).toEqual([200, 'r-1']);
    expect((await resolve('skipped', skip)).body).toEqual(decided.body);
    const ended = await eventually('the end', 20_000, async () => {
      const status = await statusOf('skipped');
      return status?.state === 'FAILED' && status;
    });
    expect(ended.waivers).toEqual([{ step: 'reserve_inventory', actor: 'olga', reason: 'stock is gone' }]);
    await endOf('skipped');
    const late = await resolve('skipped', { ...skip, requestId: 'r-2' });
    expect([late.status, late.body['code'], late.body['state']]).toEqual([409, 'AlreadyEnded', 'FAILED']);
  });

  it('is refused another content under a request id, and what does not apply', async () => {
    await block('refused');
    const block2 = { action: 'block', reason: 'wait', requestId: 'r-3' };
    const blocked = await resolve('refused', block2);
    expect([blocked.status, blocked.body['code'], blocked.body['blockedOn']]).toEqual([
      409,
      'NotApplicable',
      'reserve_inventory',
    ]);
    shop.allowRelease('refused');
    const retry = { action: 'retry', reason: 'again', requestId: 'r-4' };
    expect((await resolve('refused', retry)).status).toBe(200);
  });

  it('decides on what was seen and on nothing newer (If-Match)', async () => {
    await block('seen');
    const seen = (await api.request('GET', '/api/sagas/order-seen/status?fresh=true')).headers.get('etag') ?? '';
    shop.allowRelease('seen');
    const body = { action: 'retry', reason: 'stock is back', requestId: 'r-5' };
    const stale = await resolve('seen', body, { 'if-match': '"of-yesterday"' });
    expect([stale.status, stale.body['code'], stale.body['blockedOn']]).toEqual([
      412,
      'PreconditionFailed',
      'reserve_inventory',
    ]);
    // A weak tag never matches (RFC 9110, 13.1.1).
    for (const other of [`W/${seen}`, seen.replaceAll('"', ''), '""', '"..."', '']) {
      expect([other, (await resolve('seen', body, { 'if-match': other })).status]).toEqual([other, 412]);
    }
    expect((await resolve('seen', body, { 'if-match': `"other", ${seen}` })).status).toBe(200);
  });

  it('(A6) decides on what was seen of the order or of its saga, from any source; If-Match: * takes anything', async () => {
    await block('either');
    shop.allowRelease('either');
    const paths = ['/api/orders/either', '/api/sagas/order-either/status', '/api/sagas/order-either/status?fresh=true'];
    // The journal is a moment behind the workflow, whose tag is another one until then.
    await eventually('the block in the journal', 20_000, async () => {
      return (await api.request('GET', '/api/sagas/order-either/status')).body['blockedOn'] === 'reserve_inventory';
    });
    const tags = await Promise.all(
      paths.map(async (path) => (await api.request('GET', path)).headers.get('etag') ?? ''),
    );
    const body = { action: 'applied', reason: 'does not apply', requestId: 'r-6' };
    for (const tag of [...tags, '*']) {
      // It passes the precondition, and is refused for another reason.
      expect([tag, (await resolve('either', body, { 'if-match': tag })).status]).toEqual([tag, 409]);
    }
    expect((await resolve('either', { ...body, action: 'retry', requestId: 'r-7' })).status).toBe(200);
  });

  it('resolves many at once: a dry run touches nothing, then one Update for each, also when it is sent twice', async () => {
    const ids = ['b-1', 'b-2', 'b-3'];
    for (const id of ids) await block(id);
    const filter = { blockedOn: 'reserve_inventory' };
    const body = { bulkId: 'outage', filter, action: 'retry', reason: 'inventory is back' } as const;
    const dry = await client.resolveSagas({ body: { ...body, dryRun: true } });
    expect(dry.body.results.map(({ sagaId }) => sagaId)).toEqual(expect.arrayContaining(ids.map(sagaOf)));
    expect(new Set(dry.body.results.map(({ outcome }) => outcome))).toEqual(new Set(['wouldResolve']));
    expect((await statusOf('b-1'))?.blockedOn).toBe('reserve_inventory');

    for (const id of ids) shop.allowRelease(id);
    const done = await client.resolveSagas({ body });
    const accepted = done.body.results.filter(({ outcome }) => outcome === 'accepted').map(({ sagaId }) => sagaId);
    expect(accepted).toEqual(expect.arrayContaining(ids.map(sagaOf)));
    await client.resolveSagas({ body });
    for (const id of ids) {
      await eventually(`the end of ${id}`, 20_000, async () => (await statusOf(id))?.state === 'FAILED');
      const decisions = (await eventsOf(id))?.items.filter(({ type }) => type === 'SagaIntervened') ?? [];
      expect(decisions).toHaveLength(1);
      expect(decisions[0]?.data).toMatchObject({ requestId: `outage:order-${id}`, action: 'retry' });
    }
  });
});

describe("an order's saga, by the address of any saga", () => {
  const decide = (what: string, orderId: string, headers = {}) =>
    api.post(`/api/sagas/order-${orderId}/${what}`, { reason: 'the customer called', actor: 'olga' }, headers);

  it('is cancelled as by the address of the order: one decision, whichever it was sent to (rule 18)', async () => {
    shop.price('called', DEAR);
    await client.placeOrder({ body: { orderId: 'called', items } });
    await eventually('the wait', 20_000, async () => (await statusOf('called'))?.waitingFor != null);
    const stale = await decide('cancel', 'called', { 'if-match': '"of-yesterday"' });
    expect([stale.status, stale.body['code'], stale.body['state']]).toEqual([412, 'PreconditionFailed', 'PENDING']);
    const decided = await decide('cancel', 'called');
    expect(decided.body).toMatchObject({ sagaId: 'order-called', orderId: 'called', accepted: true });
    expect([decided.status, (await decide('cancel', 'called')).body]).toEqual([200, decided.body]);
    await endOf('called');
    await eventually('the verdict', 20_000, async () => (await statusOf('called'))?.state === 'CANCELLED');
    const { body } = await api.request('GET', '/api/orders/called');
    expect(body['cancellation']).toMatchObject({ by: 'olga', reason: 'the customer called' });
    const late = await decide('reject', 'called');
    expect([late.status, late.body['code'], late.body['detail']]).toEqual([
      409,
      'AlreadyEnded',
      'The order has been cancelled: there is nothing left to reject.',
    ]);
  });

  it.each([
    ['approve', 'COMPLETED'],
    ['reject', 'FAILED'],
  ])('takes %s while it waits, and is refused it before (rule 24)', async (what, verdict) => {
    const orderId = `by-saga-${what}`;
    shop.price(orderId, DEAR);
    await client.placeOrder({ body: { orderId, items } });
    await eventually('the wait', 20_000, async () => (await statusOf(orderId))?.waitingFor != null);
    expect((await decide(what, orderId)).status).toBe(200);
    await eventually('the end', 20_000, async () => (await statusOf(orderId))?.state === verdict);
    await endOf(orderId);
  });

  it.each(['cancel', 'approve', 'reject'])('is not there to %s if there is no such saga', async (what) => {
    for (const path of ['order-never', 'never', 'order-order-1', '%00', 'a%2Fb', 'x'.repeat(201)]) {
      const answer = await api.post(`/api/sagas/${path}/${what}`, { reason: 'nobody is there' });
      expect([path, answer.status, answer.body['code']]).toEqual([path, 404, 'SagaNotFound']);
    }
  });

  it('takes no reason that holds personal data (rule 33)', async () => {
    const answer = await api.post('/api/sagas/order-called/cancel', { reason: 'ann@example.com called' });
    expect([answer.status, answer.body['code']]).toEqual([400, 'InvalidRequest']);
  });
});

describe('an order above the limit', () => {
  it('waits for an approval, is approved by name, and goes on; a second one is refused', async () => {
    shop.price('dear', DEAR);
    await client.placeOrder({ body: { orderId: 'dear', items } });
    await eventually('the wait', 20_000, async () => (await statusOf('dear'))?.waitingFor != null);
    const approve = () => api.post('/api/orders/dear/approve', { reason: 'known customer', actor: 'olga' });
    const decided = await approve();
    expect([decided.status, decided.body['accepted']]).toEqual([200, true]);
    await eventually('the end', 20_000, async () => (await statusOf('dear'))?.state === 'COMPLETED');
    await endOf('dear');
    // The same request again finds what was decided, another finds the end.
    expect((await approve()).status).not.toBe(503);
    const other = await api.post('/api/orders/dear/reject', { reason: 'too late' });
    expect([other.status, other.body['code']]).toEqual([409, 'AlreadyFulfilled']);
  });

  it('is undone when it is rejected', async () => {
    shop.price('rejected', DEAR);
    await client.placeOrder({ body: { orderId: 'rejected', items } });
    await eventually('the wait', 20_000, async () => (await statusOf('rejected'))?.waitingFor != null);
    expect((await api.post('/api/orders/rejected/reject', { reason: 'no credit' })).status).toBe(200);
    const ended = await eventually('the end', 20_000, async () => {
      const status = await statusOf('rejected');
      return status?.state === 'FAILED' && status;
    });
    expect(ended.reason).toBe('ApprovalRejected');
  });
});
