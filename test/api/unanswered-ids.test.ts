/**
 * A missing record does not prove that an id is free, and no answer proves it even less (P1, rule 55): while the journal or
 * a ledger does not say whether it knows a chosen id, no order is started under it. The services and PostgreSQL are real.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { openInventory } from '../../src/services/inventory/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { openShipping } from '../../src/services/shipping/service.js';
import { Pool } from 'pg';
import type { Command } from '../../src/commands/command.js';
import { createExecute } from '../../src/commands/execute.js';
import { watchOutages } from '../../src/commands/outage.js';
import { callerOf } from '../../src/commands/sender.js';
import { fingerprintOf } from '../../src/orders/store/fingerprint.js';
import { DEMO_CUSTOMER } from '../../src/orders/store/orders.js';
import { linkTo, type BreakableLink } from '../orders/breakable-link.js';
import { run, type RunningService } from '../services/running-service.js';
import { databaseUrl } from '../support/database.js';
import type { TestEnv } from '../support/temporal.js';
import { listen, stop, urlOf } from './listening.js';
import { runApi, type Answer, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const items = [{ productId: '123', quantity: 2 }];
const WITNESSES = ['journal', 'inventory', 'payment', 'shipping'] as const;
type Witness = (typeof WITNESSES)[number];
const PATHS = { inventory: 'reservations', payment: 'payments', shipping: 'shipments' } as const;

let temporal: TestEnv;
let services: Record<keyof typeof PATHS, RunningService>;
let links: Record<Witness, BreakableLink>;
let api: RunningApi;

const linkToUrl = (url: string): Promise<BreakableLink> => linkTo(new URL(url).hostname, Number(new URL(url).port));

beforeAll(async () => {
  const [inventory, payment, shipping] = await Promise.all([run(openInventory), run(openPayment), run(openShipping)]);
  services = { inventory, payment, shipping };
  links = {
    journal: await linkToUrl(databaseUrl()),
    inventory: await linkToUrl(inventory.url),
    payment: await linkToUrl(payment.url),
    shipping: await linkToUrl(shipping.url),
  };
  const ledgerOf = (name: keyof typeof PATHS) => ({ url: `http://${links[name].address}` });
  const journalUrl = new URL(databaseUrl());
  journalUrl.host = links.journal.address;
  temporal = await createWarmServer();
  api = await runApi({
    temporal: temporal.client,
    journalUrl: journalUrl.href,
    more: {
      ledgers: { inventory: ledgerOf('inventory'), payment: ledgerOf('payment'), shipping: ledgerOf('shipping') },
    },
  });
});
afterAll(async () => {
  await api?.close();
  await Promise.all(Object.values(links ?? {}).map((link) => link.close()));
  await Promise.all(Object.values(services ?? {}).map((service) => service.stop()));
  await temporal?.close();
});
afterEach(() => Promise.all(WITNESSES.map((witness) => links[witness].mend())));

const idsOf = (orderId: string) => ({ orderId, sagaId: `order-${orderId}` });
const place = (orderId: string, headers = {}): Promise<Answer> => api.post('/api/orders', { orderId, items }, headers);
const isStarted = (orderId: string): Promise<boolean> =>
  temporal.client.workflow
    .getHandle(`order-${orderId}`)
    .describe()
    .then(
      () => true,
      () => false,
    );

/** The row of a request whose id was drawn, and which went no further. */
async function claimDrawn(orderId: string, key = ''): Promise<string> {
  const callersKey = { owner: 'anybody', key };
  const claim = await api.orders.ask({
    order: { ...DEMO_CUSTOMER, orderId, items },
    fingerprint: fingerprintOf({ items }),
    named: false,
    ...(key !== '' && { key: callersKey }),
  });
  if (claim.outcome !== 'asked') throw new Error(`the row was not written: ${claim.outcome}`);
  if (claim.lease !== undefined) await api.orders.release(callersKey, claim.lease);
  return key;
}

async function expectUndecided(answer: Answer, orderId: string): Promise<void> {
  const { status, body, headers } = answer;
  expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'NotDecided', '1']);
  expect(body).toMatchObject(idsOf(orderId));
  expect(await isStarted(orderId)).toBe(false);
  expect((await api.request('GET', `/api/orders/${orderId}`)).status).toBe(404);
  expect(await api.orders.get(orderId)).toBeUndefined();
}

/** A link that was mended is used once the connections that broke with it are gone. */
async function onceDecided(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

const OUTAGES = WITNESSES.flatMap((witness) => [
  [witness, 'is stopped', (): Promise<void> => links[witness].cut()] as const,
  [witness, 'hangs', async (): Promise<void> => links[witness].stall()] as const,
]);

describe('a chosen order id', () => {
  it.each(OUTAGES)('is not decided while %s %s, and is taken once it answers (P1)', async (_who, _how, away) => {
    const orderId = randomUUID();
    await away();
    await expectUndecided(await place(orderId), orderId);
    await Promise.all(WITNESSES.map((witness) => links[witness].mend()));
    expect((await onceDecided(() => place(orderId))).status).toBe(202);
    expect(await isStarted(orderId)).toBe(true);
  });

  it.each(['inventory', 'payment', 'shipping'] as const)(
    'of which only the ledger of %s knows is never started: undecided while it hangs, taken when it answers (P1)',
    async (ledger) => {
      const orderId = randomUUID();
      await services[ledger].call('DELETE', `/api/${PATHS[ledger]}/order-${orderId}`);
      links[ledger].stall();
      await expectUndecided(await place(orderId), orderId);
      await links[ledger].mend();
      expect((await onceDecided(() => place(orderId))).body).toMatchObject({ code: 'OrderIdTaken', orderId });
      expect(await isStarted(orderId)).toBe(false);
      expect(await api.orders.get(orderId)).toBeUndefined();
    },
  );

  it('that one ledger knows is taken although the journal and the others are away (P1)', async () => {
    const orderId = randomUUID();
    await services.payment.call('DELETE', `/api/payments/order-${orderId}`);
    await Promise.all([links.inventory.cut(), links.shipping.cut()]);
    expect((await place(orderId)).body).toMatchObject({ code: 'OrderIdTaken', orderId });
    await links.journal.cut();
    // Whose it is the journal knows alone, if Temporal does not.
    await expectUndecided(await place(orderId), orderId);
  });

  it('is not decided by an answer that does not say it (P1)', async () => {
    const orderId = randomUUID();
    const right = { id: `order-${orderId}`, status: 'none', effect: 'none' };
    let answer: readonly [number, string] = [200, ''];
    const odd = await listen(http.createServer((_req, res) => void res.writeHead(answer[0]).end(answer[1])));
    const other = await runApi({ temporal: temporal.client, more: { ledgers: { payment: { url: urlOf(odd) } } } });
    const ask = () => other.post('/api/orders', { orderId, items });
    try {
      for (const wrong of [
        [500, '{}'],
        [401, JSON.stringify(right)],
        [404, JSON.stringify({ code: 'RouteNotFound' })],
        [200, 'a page of a proxy'],
        [200, 'null'],
        [200, JSON.stringify({ ...right, id: 'order-of-another' })],
        [200, JSON.stringify({ ...right, status: undefined })],
      ] as const) {
        answer = wrong;
        const { status, body } = await ask();
        expect([wrong, status, body['code']]).toEqual([wrong, 503, 'NotDecided']);
      }
      expect(await isStarted(orderId)).toBe(false);
      answer = [200, JSON.stringify(right)];
      expect((await ask()).status).toBe(202);
    } finally {
      await other.close();
      await stop(odd);
    }
  });

  it('that is undecided leaves its idempotency key free for the repeat (P1)', async () => {
    const orderId = randomUUID();
    const headers = { 'idempotency-key': `key-of-${orderId}` };
    await links.shipping.cut();
    await expectUndecided(await place(orderId, headers), orderId);
    await expectUndecided(await place(orderId, headers), orderId);
    await links.shipping.mend();
    expect((await onceDecided(() => place(orderId, headers))).status).toBe(202);
    expect((await place(orderId, headers)).headers.get('idempotency-replayed')).toBe('true');
  });

  it('of an idempotency key whose row was deleted is asked about, although the API has drawn it (P1)', async () => {
    const orderId = randomUUID();
    const key = await claimDrawn(orderId, randomUUID());
    await services.inventory.call('DELETE', `/api/reservations/order-${orderId}`);
    await api.sql(`DELETE FROM orders WHERE id = '${orderId}'`);
    const repeat = await api.post('/api/orders', { items }, { 'idempotency-key': key });
    expect(repeat.body).toMatchObject({ code: 'OrderIdTaken', orderId });
    expect(await isStarted(orderId)).toBe(false);
  });

  it('is asked about for a command as well, and the command is not refused (P1)', async () => {
    const orderId = randomUUID();
    const execute = createExecute(api.deps);
    const command: Command = { ...idsOf(orderId), command: 'StartOrder', request: { orderId, items } };
    const origin = { caller: callerOf({ name: null, role: null }), commandId: 'c-1', correlationId: 'c-1' };
    links.inventory.stall();
    await expect(execute(command, origin)).rejects.toMatchObject({ code: 'NotDecided' });
    expect(await isStarted(orderId)).toBe(false);
    await links.inventory.mend();
    await onceDecided(() => place(orderId));
    await execute(command, origin);
  });
});

describe('a command under an id that is not decided', () => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: databaseUrl() });
  });
  afterAll(() => pool?.end());

  const behind = async () => {
    const orderId = randomUUID();
    const answer = createExecute(api.deps)(
      { ...idsOf(orderId), command: 'StartOrder', request: { orderId, items } },
      { caller: callerOf({ name: null, role: null }), commandId: orderId, correlationId: orderId },
    );
    const error: unknown = await answer.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NotDecided' });
    return await watchOutages(api.deps, pool).behind(error);
  };

  it('waits for the service that is away, without a cost to its budget, while all others go on (rule 41)', async () => {
    links.shipping.stall();
    expect(await behind()).toEqual({
      what: 'the shipping service does not say which order ids it knows',
      forAll: false,
    });
  });

  it('costs its own budget if the service answers about all others (rule 42)', async () => {
    await services.payment.arm({ mode: 'unavailable', operation: 'GET', times: 1 });
    expect(await behind()).toBeUndefined();
  });
});

describe('what needs no question is not held up by who is away', () => {
  beforeEach(() => Promise.all(WITNESSES.map((witness) => links[witness].cut())));

  it('an id that the API draws, by itself or under a key', async () => {
    expect((await api.post('/api/orders', { items })).status).toBe(202);
    expect((await api.post('/api/orders', { items }, { 'idempotency-key': randomUUID() })).status).toBe(202);
  });

  it('the repeat of a request whose id the API has drawn, by its key or by the id that the 503 named', async () => {
    const [named, keyed] = [randomUUID(), randomUUID()];
    await claimDrawn(named);
    expect((await place(named)).status).toBe(202);
    const key = await claimDrawn(keyed, randomUUID());
    const repeat = await api.post('/api/orders', { items }, { 'idempotency-key': key });
    expect([repeat.status, repeat.body['orderId']]).toEqual([202, keyed]);
  });

  it('the repeat of an order whose workflow runs, although its request died before it was confirmed', async () => {
    const answer = await api.post('/api/orders', { items });
    const orderId = String(answer.body['orderId']);
    await api.sql(`UPDATE orders SET started_at = NULL, drawn = false WHERE id = '${orderId}'`);
    expect((await place(orderId)).status).toBe(202);
    expect((await api.orders.get(orderId))?.startedAt).not.toBeNull();
  });
});
