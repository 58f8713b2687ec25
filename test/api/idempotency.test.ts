/** A request can be sent again, whatever has become of its answer; the keys live in PostgreSQL, beyond Temporal. */
import { randomUUID } from 'node:crypto';
import { reviewUnconfirmedOrders } from '../../src/background/unconfirmed-orders.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type Answer, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const items = [{ productId: '123', quantity: 2 }];

let temporal: TestEnv;
let api: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client });
});

afterAll(async () => {
  await api?.close();
  await temporal?.close();
});

const post = (key: string, body: object = { items }, headers = {}): Promise<Answer> =>
  api.post('/api/orders', body, { 'idempotency-key': key, ...headers });

const idOf = ({ body }: Answer): string => String(body['orderId']);

const sagaOf = (orderId: string) => temporal.client.workflow.getHandle(`order-${orderId}`).describe();

const ordersUnder = async (key: string): Promise<string[]> =>
  (await api.sql<{ order_id: string }>(`SELECT order_id FROM idempotency_keys WHERE key = '${key}'`)).map(
    ({ order_id: id }) => id,
  );

/** As a process that died right after its transaction leaves it: the row and the key with its lease, and no workflow. */
async function dieBeforeTheStart(key: string, body: object = { items }): Promise<string> {
  const answer = await post(key, body);
  const orderId = randomUUID();
  await api.sql(
    `UPDATE orders SET id = '${orderId}', started_at = NULL WHERE id = '${idOf(answer)}';
     UPDATE idempotency_keys SET order_id = '${orderId}', answer = NULL, lease_until = now() + interval '1 hour'
       WHERE key = '${key}'`,
  );
  return orderId;
}

const lapse = (orderId: string, age = '1 minute'): Promise<object[]> =>
  api.sql(
    `UPDATE orders SET asked_at = now() - interval '${age}' WHERE id = '${orderId}';
     UPDATE idempotency_keys SET lease_until = now() - interval '${age}' WHERE order_id = '${orderId}'`,
  );

describe('a repeat under the same key', () => {
  it('is answered as the first was, marked, byte by byte', async () => {
    const first = await post('k-1');
    const repeat = await post('"k-1"');
    expect([first.status, repeat.status]).toEqual([202, 202]);
    expect(repeat.text).toBe(first.text);
    expect(repeat.headers.get('location')).toBe(first.headers.get('location'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(repeat.headers.get('idempotency-replayed')).toBe('true');
  });

  it('finds the order also if Temporal has forgotten it', async () => {
    const first = await post('k-forgotten');
    await temporal.client.workflow.getHandle(`order-${idOf(first)}`).terminate('the test ends it');
    await api.sql(`UPDATE idempotency_keys SET created_at = now() - interval '60 days' WHERE key = 'k-forgotten'`);
    expect(idOf(await post('k-forgotten'))).toBe(idOf(first));
  });

  it('is the same however its lines are written, and whether it names the id that the API had made', async () => {
    const first = await post('k-2', { items: [...items, { productId: '456', quantity: 1 }] });
    const other = [{ productId: '456', quantity: 1 }, ...items];
    expect(idOf(await post('k-2', { items: other }))).toBe(idOf(first));
    expect(idOf(await post('k-2', { items: other, orderId: idOf(first) }))).toBe(idOf(first));
  });

  it('with another body is 422, and changes nothing', async () => {
    const first = await post('k-3');
    const bodies = [{ items: [{ productId: '123', quantity: 3 }] }, { items, orderId: 'mine' }];
    for (const body of [...bodies, { items, customerId: 'demo-customer' }]) {
      const answer = await post('k-3', body);
      expect([answer.status, answer.body['code']]).toEqual([422, 'IdempotencyKeyReused']);
    }
    expect(await ordersUnder('k-3')).toEqual([idOf(first)]);
    expect(await api.rows()).not.toContain('mine');
  });

  it('of 100 at once starts one workflow, and each answer has its order, or says that it is in flight', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => post('k-100')));
    const [orderId = '', ...others] = await ordersUnder('k-100');
    expect(others).toEqual([]);
    const accepted = answers.filter(({ status }) => status === 202);
    const inFlight = answers.filter(({ status }) => status === 409);
    expect(accepted.length + inFlight.length).toBe(100);
    expect(new Set(accepted.map(idOf))).toEqual(new Set([orderId]));
    expect(accepted.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    for (const { body, headers } of inFlight) {
      expect(body).toMatchObject({ code: 'RequestInFlight' });
      expect(headers.get('retry-after')).toBe('1');
    }
    const rows = await api.sql<{ id: string }>(`SELECT id FROM orders WHERE asked_at > now() - interval '1 minute'`);
    expect(rows.filter(({ id }) => id === orderId)).toHaveLength(1);
    expect((await sagaOf(orderId)).status.name).toBe('RUNNING');
    expect(idOf(await post('k-100'))).toBe(orderId);
  });

  it('keeps no refusal: neither a mistake nor an id that is taken spoils the key', async () => {
    expect((await post('k-4', { items: [] })).status).toBe(400);
    expect((await post('k-4', { items: [{ productId: 'nosuch', quantity: 1 }] })).status).toBe(422);
    await api.post('/api/orders', { orderId: 'taken', items });
    const taken = await post('k-4', { orderId: 'taken', items: [{ productId: '123', quantity: 9 }] });
    expect(taken.body).toMatchObject({ status: 409, code: 'OrderIdTaken', orderId: 'taken' });
    expect(await ordersUnder('k-4')).toEqual([]);
    expect((await post('k-4')).status).toBe(202);
  });

  it('goes by the key also if the order has an id of its own that exists already', async () => {
    await api.post('/api/orders', { orderId: 'own', items });
    expect((await post('k-5', { orderId: 'own', items })).status).toBe(200);
    const repeat = await post('k-5', { orderId: 'own', items });
    expect([repeat.headers.get('idempotency-replayed'), idOf(repeat)]).toEqual(['true', 'own']);
  });

  it.each(['', 'a b', 'x'.repeat(256), '"open'])('is no repeat where the key is none: %j', async (key) => {
    const answer = await post(key);
    expect(answer.body).toMatchObject({ code: 'InvalidRequest', errors: [{ field: 'Idempotency-Key' }] });
  });
});

describe('a request whose process died between its transaction and the start', () => {
  it('is in flight while its lease lasts, then a repeat goes on with the same order, which was 404 until then', async () => {
    const orderId = await dieBeforeTheStart('k-dead');
    const early = await post('k-dead');
    expect([early.status, early.body['code']]).toEqual([409, 'RequestInFlight']);
    expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(404);

    await lapse(orderId);
    const repeat = await post('k-dead');
    expect([repeat.status, idOf(repeat)]).toEqual([202, orderId]);
    expect((await sagaOf(orderId)).memo).toHaveProperty('correlationId');
    expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(200);
  });

  it('is resumed by one of 20 repeats at once', async () => {
    const orderId = await dieBeforeTheStart('k-dead-20');
    await lapse(orderId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('k-dead-20')));
    expect(new Set(answers.filter(({ status }) => status === 202).map(idOf))).toEqual(new Set([orderId]));
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
  });

  it('is started by no other process: the job for unconfirmed orders leaves it alone, and deletes it after seven days', async () => {
    const orderId = await dieBeforeTheStart('k-given-up');
    await lapse(orderId, '6 days');
    await reviewUnconfirmedOrders(api.deps);
    expect(await api.rows()).toContain(orderId);
    // Found missing once, it is not asked for again and again.
    expect((await api.orders.unconfirmed()).map((order) => order.orderId)).not.toContain(orderId);
    await expect(sagaOf(orderId)).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });

    await lapse(orderId, '8 days');
    await reviewUnconfirmedOrders(api.deps);
    expect(await api.rows()).not.toContain(orderId);
    expect(await ordersUnder('k-given-up')).toEqual([]);
  });

  it('is confirmed by the job for unconfirmed orders if the start had got through: the repeat is answered from the store', async () => {
    const first = await post('k-late');
    const orderId = idOf(first);
    await api.sql(
      `UPDATE orders SET started_at = NULL WHERE id = '${orderId}';
       UPDATE idempotency_keys SET answer = NULL WHERE key = 'k-late'`,
    );
    await reviewUnconfirmedOrders(api.deps);
    expect((await api.orders.get(orderId))?.startedAt).toBeNull(); // its request might be under way still
    await lapse(orderId);
    await reviewUnconfirmedOrders(api.deps);
    expect((await api.orders.get(orderId))?.startedAt).not.toBeNull();
    const repeat = await post('k-late');
    expect([repeat.text, repeat.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
  });

  it('and that is old is not deleted while a request for it is running', async () => {
    const orderId = await dieBeforeTheStart('k-old');
    await lapse(orderId, '8 days');
    const [answer] = await Promise.all([post('k-old'), reviewUnconfirmedOrders(api.deps)]);
    expect(answer.status).toBe(202);
    expect(await api.rows()).toContain(idOf(answer));
    expect(await ordersUnder('k-old')).toEqual([idOf(answer)]);
  });
});
