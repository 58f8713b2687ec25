import { Client, Connection } from '@temporalio/client';
import { linkTo, type BreakableLink } from '../orders/breakable-link.js';
import { databaseUrl } from '../support/database.js';
import type { TestEnv } from '../support/temporal.js';
import { eventually } from '../support/eventually.js';
import { createWarmServer } from './warm-server.js';
import { runApi, type RunningApi } from './running-api.js';

const items = [{ productId: '123', quantity: 2 }];

let temporal: TestEnv;
let engine: BreakableLink;
let database: BreakableLink;
let archive: BreakableLink;
let connection: Connection;
let api: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  const [host = '', port] = temporal.address.split(':');
  engine = await linkTo(host, Number(port));
  const url = new URL(databaseUrl());
  database = await linkTo(url.hostname, Number(url.port));
  archive = await linkTo(url.hostname, Number(url.port));
  const journalUrl = new URL(url);
  journalUrl.host = archive.address;
  url.host = database.address;
  connection = Connection.lazy({
    address: engine.address,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 500 },
    // The SDK's own retries outlive `close()` and then throw from a timer.
    interceptors: [],
  });
  api = await runApi({
    temporal: new Client({ connection, namespace: temporal.namespace }),
    databaseUrl: url.href,
    journalUrl: journalUrl.href,
  });
});

afterAll(async () => {
  await api?.close();
  await connection?.close();
  await Promise.all([engine?.close(), database?.close(), archive?.close()]);
  await temporal?.close();
});

/** Repeats until the answer is not 503; the connection takes its own time to come back. */
async function onceBack<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

async function timed<T>(work: Promise<T>): Promise<{ answer: T; took: number }> {
  const begin = performance.now();
  const answer = await work;
  return { answer, took: performance.now() - begin };
}

/** Everything is there again, and the API has noticed. */
const allBack = async (): Promise<void> => {
  await Promise.all([engine.mend(), database.mend(), archive.mend()]);
  await eventually('the API to notice', 30_000, async () => {
    const { body } = await api.request('GET', '/health/ready');
    return body['status'] === 'ready';
  });
};

beforeAll(async () => {
  await allBack();
  expect((await api.post('/api/orders', { orderId: 'known', items })).status).toBe(202);
});

describe('with Temporal away', () => {
  beforeEach(() => engine.cut());
  afterEach(allBack);

  it('answers an order with 503 within two seconds, naming its id, and accepts its repeat later', async () => {
    const { answer, took } = await timed(api.post('/api/orders', { items }));
    expect(answer.status).toBe(503);
    expect(took).toBeLessThan(2_000);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.body).toMatchObject({ code: 'TemporalUnavailable', type: '/problems/TemporalUnavailable' });
    const orderId = String(answer.body['orderId']);
    expect((await api.orders.get(orderId))?.startedAt).toBeNull();
    expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(404);

    await engine.mend();
    const repeat = await onceBack(() => api.post('/api/orders', { orderId, items }));
    expect(repeat.status).toBe(202);
    expect(repeat.body).toMatchObject({ orderId });
    expect((await temporal.client.workflow.getHandle(`order-${orderId}`).describe()).status.name).toBe('RUNNING');
    expect((await api.orders.get(orderId))?.startedAt).not.toBeNull();
  });

  it('still has a status for what it accepted: from the orders table, with the time of that (rule 30)', async () => {
    const { answer, took } = await timed(api.request('GET', '/api/sagas/order-known/status'));
    expect(answer.status).toBe(200);
    expect(took).toBeLessThan(2_000);
    const { startedAt } = (await api.orders.get('known')) ?? {};
    expect(answer.body).toMatchObject({ sagaId: 'order-known', state: 'STARTED', source: 'orders', asOf: startedAt });
    expect(answer.body).not.toHaveProperty('steps');
    const [order, unknown] = await Promise.all([
      api.request('GET', '/api/orders/known'),
      api.request('GET', '/api/sagas/order-unknown/status'),
    ]);
    expect(order.body).toMatchObject({ state: 'STARTED', source: 'orders' });
    expect(unknown.status).toBe(404);
  });

  it('cannot say whether there is a saga that is no order’s, and does not say that there is none (rule 30)', async () => {
    const { status, body } = await api.request('GET', '/api/sagas/trip-1/status');
    expect([status, body['code'], body['sagaId']]).toEqual([503, 'TemporalUnavailable', 'trip-1']);
  });

  it('recognises the repeat of what it accepted', async () => {
    const { answer, took } = await timed(api.post('/api/orders', { orderId: 'known', items }));
    expect(answer.status).toBe(200);
    expect(took).toBeLessThan(2_000);
  });

  it('is alive and ready to read, and says that it can neither place nor steer (A11)', async () => {
    expect((await api.request('GET', '/health/live')).body).toEqual({ status: 'live' });
    const ready = await eventually('the API to notice', 10_000, async () => {
      const answer = await api.request('GET', '/health/ready');
      return answer.body['temporal'] === 'down' && answer;
    });
    const duties = { reads: 'up', places: 'down', steers: 'down' };
    expect([ready.status, ready.body]).toMatchObject([200, { status: 'degraded', ...duties, postgresql: 'up' }]);
    for (const [duty, status] of [
      ['reads', 200],
      ['places', 503],
      ['steers', 503],
    ] as const) {
      const { status: answered } = await api.request('GET', `/health/ready?duty=${duty}`);
      expect([duty, answered]).toEqual([duty, status]);
    }
  });
});

describe('with PostgreSQL away', () => {
  beforeEach(() => database.cut());
  afterEach(allBack);

  it('answers an order with 503 within two seconds, starts nothing, and accepts it later', async () => {
    const { answer, took } = await timed(api.post('/api/orders', { orderId: 'later', items }));
    expect(answer.status).toBe(503);
    expect(took).toBeLessThan(2_000);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.body).toMatchObject({ code: 'OrdersUnavailable' });
    expect(answer.text).not.toMatch(/ECONN|postgres:/);
    await expect(temporal.client.workflow.getHandle('order-later').describe()).rejects.toThrow('not found');
    await database.mend();
    expect((await onceBack(() => api.post('/api/orders', { orderId: 'later', items }))).status).toBe(202);
  });

  it('is not ready, but knows how a saga stands', async () => {
    const ready = await eventually('the API to notice', 10_000, async () => {
      const answer = await api.request('GET', '/health/ready');
      return answer.body['postgresql'] === 'down' && answer;
    });
    expect([ready.status, ready.body]).toMatchObject([503, { status: 'unavailable', reads: 'down', temporal: 'up' }]);
    expect((await api.request('GET', '/api/sagas/order-known/status')).body).toMatchObject({ source: 'temporal' });
    expect((await api.request('GET', '/api/orders/known')).status).toBe(503);
  });
});

describe("with the journal's PostgreSQL away", () => {
  beforeEach(() => archive.cut());
  afterEach(allBack);

  it('cannot say whether there was a saga that Temporal does not know (rule 30)', async () => {
    const status = await api.request('GET', '/api/sagas/trip-1/status');
    const cancel = await api.post('/api/sagas/trip-1/cancel', { reason: 'the traveller is ill' });
    for (const { status: code, body } of [status, cancel]) {
      expect([code, body['code']]).toEqual([503, 'JournalUnavailable']);
    }
  });

  it('takes orders and tells how they stand; lists, histories and chosen ids wait for it', async () => {
    const placed = await api.post('/api/orders', { items });
    expect(placed.status).toBe(202);
    const [orderId, sagaId] = [String(placed.body['orderId']), String(placed.body['sagaId'])];
    expect((await api.request('GET', `/api/orders/${orderId}`)).body).toMatchObject({ source: 'temporal' });
    expect((await api.request('GET', `/api/sagas/${sagaId}/status`)).status).toBe(200);
    const chosen = await api.post('/api/orders', { orderId: 'unlisted', items });
    expect([chosen.status, chosen.body['code']]).toEqual([503, 'NotDecided']);
    for (const path of ['/api/orders', '/api/sagas', `/api/sagas/${sagaId}/events`, `/api/sagas/${sagaId}/stream`]) {
      const { status, body, headers } = await api.request('GET', path);
      expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'JournalUnavailable', '1']);
    }
    expect((await api.request('GET', '/health/ready')).status).toBe(200);
  });
});

describe('what hangs instead of being away', () => {
  afterEach(allBack);

  it.each([
    ['Temporal', () => engine.stall(), 'TemporalUnavailable'],
    ['PostgreSQL', () => database.stall(), 'OrdersUnavailable'],
  ])('%s: an order is 503 within two seconds', async (_what, stall, code) => {
    stall();
    const { answer, took } = await timed(api.post('/api/orders', { items }, { 'idempotency-key': `hung-${code}` }));
    expect([answer.status, answer.body['code']]).toEqual([503, code]);
    expect(took).toBeLessThan(2_000);
    await allBack();
    const repeat = await onceBack(() => api.post('/api/orders', { items }, { 'idempotency-key': `hung-${code}` }));
    expect([202, 409]).toContain(repeat.status);
  });
});
