// An order's row that was deleted from outside does not make its id free (P1, rule 55). On the dev server: it deletes histories.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { Client as Postgres } from 'pg';
import { reviewUnconfirmedOrders } from '../../src/background/unconfirmed-orders.js';
import { fingerprintOf } from '../../src/orders/store/fingerprint.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { run, type RunningService } from '../services/running-service.js';
import { databaseUrl } from '../support/database.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { startJournalingWorker, type JournalingWorker } from './journaling-worker.js';
import { listen, stop, urlOf } from './listening.js';
import { POLICY, runApi, type Answer, type RunningApi } from './running-api.js';
import { theShop, type Shop } from './shop.js';

const items = [{ productId: '123', quantity: 2 }];

let temporal: TestEnv;
let inventory: RunningService;
let api: RunningApi;
let shop: Shop;
let worker: JournalingWorker;
/** The payment service's ledger: knows nothing, or does not answer, and counts who asks. */
let payments: http.Server;
let asked: string[];
let away = false;

beforeAll(async () => {
  [temporal, inventory] = await Promise.all([createDevServer(), run(openInventory)]);
  payments = await listen(
    http.createServer((req, res) => {
      asked.push(req.url ?? '');
      if (away) return;
      res.end(JSON.stringify({ id: req.url?.split('/').at(-1), status: 'none', effect: 'none' }));
    }),
  );
  const more = {
    policy: { ...POLICY, journal: true },
    ledgers: { inventory: { url: inventory.url }, payment: { url: urlOf(payments) } },
  };
  api = await runApi({ temporal: temporal.client, more });
  shop = theShop();
  worker = await startJournalingWorker(temporal, api, shop);
});
beforeEach(() => {
  asked = [];
  away = false;
});
afterAll(async () => {
  await worker.stop();
  await api.close();
  await Promise.all([inventory.stop(), stop(payments)]);
  await temporal.close();
});

const place = (orderId: string, more: object = {}, headers = {}): Promise<Answer> =>
  api.post('/api/orders', { orderId, items, ...more }, headers);

const deleteRow = (orderId: string) => api.sql(`DELETE FROM orders WHERE id = '${orderId}'`);
const runOf = (orderId: string) => temporal.client.workflow.getHandle(`order-${orderId}`);

async function completed(orderId: string): Promise<void> {
  expect((await place(orderId, {}, { prefer: 'wait=20' })).body).toMatchObject({ state: 'COMPLETED' });
}

/** Whoever reads the journal's table waits, until the returned function is called. */
async function journalLocked(): Promise<() => Promise<void>> {
  const client = new Postgres({ connectionString: databaseUrl() });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${api.journalSchema}.sagas IN ACCESS EXCLUSIVE MODE`);
  return () => client.end();
}

async function deleteHistory(orderId: string): Promise<void> {
  const { namespace } = temporal;
  const execution = { workflowId: `order-${orderId}`, runId: (await runOf(orderId).describe()).runId };
  await temporal.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: execution });
  await eventually('the history to be gone', 90_000, () =>
    runOf(orderId)
      .describe()
      .then(
        () => false,
        () => true,
      ),
  );
}

async function expectTaken(answer: Promise<Answer>, orderId: string): Promise<void> {
  const { status, body } = await answer;
  expect({ status, code: body['code'], orderId: body['orderId'] }).toEqual({
    status: 409,
    code: 'OrderIdTaken',
    orderId,
  });
  expect(await api.orders.get(orderId)).toBeUndefined();
}

describe('the id of an order whose row was deleted stays taken', () => {
  it('while its saga runs, for the same content and for other content', async () => {
    const orderId = `running-${randomUUID()}`;
    const held = shop.hold(orderId);
    await place(orderId);
    await held.reached;
    await deleteRow(orderId);
    await expectTaken(place(orderId), orderId);
    await expectTaken(place(orderId, { items: [{ productId: '123', quantity: 9 }] }), orderId);
    held.release();
    expect(await runOf(orderId).result()).toMatchObject({ state: 'COMPLETED' });
    await expectTaken(place(orderId, { customerId: 'another' }), orderId);
  });

  it('when its saga has ended, also under an idempotency key, of which nothing is kept', async () => {
    const orderId = `ended-${randomUUID()}`;
    await completed(orderId);
    await deleteRow(orderId);
    const key = `key-of-${orderId}`;
    await expectTaken(place(orderId, {}, { 'idempotency-key': key }), orderId);
    expect(await api.sql(`SELECT 1 FROM idempotency_keys WHERE key = '${key}'`)).toEqual([]);
    await expectTaken(place(orderId, {}, { 'idempotency-key': key }), orderId);
  });

  it('for twenty requests at once', async () => {
    const orderId = `together-${randomUUID()}`;
    await completed(orderId);
    await deleteRow(orderId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => place(orderId)));
    // On a machine that is busy elsewhere some have no time left: they are told to repeat it.
    expect(answers.filter(({ status }) => status !== 409 && status !== 503)).toEqual([]);
    expect((await place(orderId)).status).toBe(409);
    expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(404);
  });

  it.each(['applied', 'fenced'])('when only the ledger of a service knows it, as %s', async (status) => {
    const orderId = `ledger-${randomUUID()}`;
    const path = `/api/reservations/order-${orderId}`;
    await (status === 'applied' ? inventory.call('PUT', path, { orderId, items }) : inventory.call('DELETE', path));
    await expectTaken(place(orderId, { items: [{ productId: '456', quantity: 1 }] }), orderId);
    await expect(runOf(orderId).describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
    expect((await inventory.call('GET', path)).body).toMatchObject({ status });
  });

  it('when the id was drawn by the API, and is found by an idempotency key that has no answer yet', async () => {
    const key = randomUUID();
    const orderId = String((await api.post('/api/orders', { items }, { 'idempotency-key': key })).body['orderId']);
    await runOf(orderId).result();
    await deleteRow(orderId);
    await api.sql(`UPDATE idempotency_keys SET answer = NULL, lease_until = now() WHERE key = '${key}'`);
    await expectTaken(api.post('/api/orders', { items }, { 'idempotency-key': key }), orderId);
  });

  it('when the request that found it taken died before it could take its own row back', async () => {
    const orderId = `left-${randomUUID()}`;
    await completed(orderId);
    await deleteRow(orderId);
    const order = {
      orderId,
      customerId: 'another',
      items,
      paymentMethod: 'pm_1',
      shippingAddress: { name: 'A', street: 'S 1', city: 'C', postalCode: '1', country: 'AT' },
    };
    const content = { ...order, orderId: undefined };
    await api.orders.ask({ order, fingerprint: fingerprintOf(content), named: true });
    // Neither readable, nor confirmed by the look-after, nor gone on with by a repeat.
    expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(404);
    await api.sql(`UPDATE orders SET asked_at = now() - interval '1 minute' WHERE id = '${orderId}'`);
    await reviewUnconfirmedOrders(api.deps);
    expect((await api.orders.get(orderId))?.startedAt).toBeNull();
    expect((await api.post('/api/orders', order)).body).toMatchObject({ code: 'OrderIdTaken' });
  });
});

describe('an id that nothing knows is free', () => {
  it('once everybody has said so: while a service does not answer it is not decided', async () => {
    const orderId = `away-${randomUUID()}`;
    away = true;
    const answer = await place(orderId);
    expect([answer.status, answer.body['code']]).toEqual([503, 'NotDecided']);
    expect(asked).toHaveLength(1);
    away = false;
    expect((await place(orderId)).status).toBe(202);
  });

  it('and one that the API draws needs no question to a service', async () => {
    expect((await api.post('/api/orders', { items })).status).toBe(202);
    expect(asked).toEqual([]);
  });

  it('and a repeat of an order that is confirmed asks no service', async () => {
    const orderId = `repeated-${randomUUID()}`;
    await completed(orderId);
    asked = [];
    expect((await place(orderId)).status).toBe(200);
    expect(asked).toEqual([]);
  });

  it('also when its request died between the start and the confirmation: the repeat goes on, ended or not', async () => {
    const orderId = `died-${randomUUID()}`;
    await completed(orderId);
    await api.sql(`UPDATE orders SET started_at = NULL WHERE id = '${orderId}'`);
    expect((await place(orderId)).status).toBe(202);
    expect((await api.orders.get(orderId))?.startedAt).not.toBeNull();
  });
});

describe('an order whose customer was forgotten', () => {
  it('is read without its customer, with state and items, and its id stays taken', async () => {
    const orderId = `forgotten-${randomUUID()}`;
    await completed(orderId);
    await api.orders.forgetOrders([orderId], { actor: 'olga', reason: 'ticket 17', orderId });
    const { status, body } = await api.request('GET', `/api/orders/${orderId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      orderId,
      customerId: null,
      forgottenAt: expect.any(String),
      state: 'COMPLETED',
      items,
    });
    const list = await api.request('GET', '/api/orders?limit=1');
    expect(list.body['items']).toMatchObject([{ orderId, customerId: null, total: { amount: 4200, currency: 'EUR' } }]);
    expect((await place(orderId)).body).toMatchObject({ code: 'OrderIdTaken', orderId });
    expect((await api.request('GET', '/api/orders?customerId=demo-customer&limit=200')).text).not.toContain(orderId);
  });
});

describe('an order whose history Temporal has deleted', () => {
  const [deleted, unconfirmed] = [`journal-${randomUUID()}`, `late-${randomUUID()}`];
  // The server takes half a minute over it.
  beforeAll(async () => {
    await Promise.all([deleted, unconfirmed].map(completed));
    await Promise.all([deleted, unconfirmed].map(deleteHistory));
  }, 120_000);

  it('and whose row is gone as well is known by the journal: its id stays taken', async () => {
    await deleteRow(deleted);
    const unlock = await journalLocked();
    const undecided = await place(deleted);
    await unlock();
    expect([undecided.status, undecided.body['code']]).toEqual([503, 'NotDecided']);
    await expectTaken(place(deleted), deleted);
    await expect(runOf(deleted).describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });

  it('before it was confirmed is confirmed by the look-after, by the journal', async () => {
    await api.sql(
      `UPDATE orders SET started_at = NULL, asked_at = now() - interval '8 days' WHERE id = '${unconfirmed}'`,
    );
    await reviewUnconfirmedOrders(api.deps);
    expect((await api.orders.get(unconfirmed))?.startedAt).not.toBeNull();
  });
});
