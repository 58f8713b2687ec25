/** The oracle over the real services: it understands what they answer, and finds what is wrong in their books. */
import http from 'node:http';
import type { Express } from 'express';
import { pino } from 'pino';
import { auditBooks } from '../../src/oracle/audit.js';
import type { Verdict } from '../../src/oracle/books.js';
import type { ServiceUrls } from '../../src/oracle/read-books.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { openNotification } from '../../src/services/notification/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { openShipping } from '../../src/services/shipping/service.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { verdict } from './right-books.js';

const OPEN = { inventory: openInventory, payment: openPayment, shipping: openShipping, notification: openNotification };

const ADDRESS = { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };
const ITEMS = [{ productId: '123', quantity: 2 }];
const TOTAL = { amount: 4_200, currency: 'EUR' };

const closing: (() => Promise<unknown>)[] = [];
let urls: Readonly<Record<keyof ServiceUrls, string>>;

async function listen(app: Express): Promise<string> {
  const server = http.createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

async function open(name: keyof typeof OPEN): Promise<string> {
  const service = await OPEN[name]({
    databaseUrl: databaseUrl(),
    schema: freshSchema(name),
    faultInjection: false,
    demoData: true,
    logger: pino({ level: 'silent' }),
  });
  closing.unshift(() => service.close());
  return listen(service.app);
}

async function send(method: 'PUT' | 'DELETE', url: string, body?: object): Promise<void> {
  const response = await fetch(url, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  expect(await response.json()).toMatchObject({ status: method === 'PUT' ? 'applied' : 'undone' });
}

const reserve = (orderId: string) =>
  send('PUT', `${urls.inventory}/api/reservations/order-${orderId}`, { orderId, items: ITEMS });

const charge = (orderId: string, amount = TOTAL) =>
  send('PUT', `${urls.payment}/api/payments/order-${orderId}`, {
    orderId,
    customerId: 'ann',
    paymentMethod: 'pm_ann',
    amount,
  });

const ship = (orderId: string) =>
  send('PUT', `${urls.shipping}/api/shipments/order-${orderId}`, { orderId, items: ITEMS, address: ADDRESS });

const notify = (orderId: string, kind: 'confirmation' | 'cancellation') =>
  send('PUT', `${urls.notification}/api/notifications/order-${orderId}-${kind}`, { orderId, customerId: 'ann', kind });

async function differencesAgainst(...verdicts: Verdict[]): Promise<string[]> {
  const { differences } = await auditBooks(
    urls,
    {
      all: () => Promise.resolve(verdicts),
      of: (sagaId) => Promise.resolve(verdicts.find((one) => one.sagaId === sagaId)),
    },
    { pauseMs: 1 },
  );
  return differences.map(({ kind, sagaId, effect }) => `${kind} ${sagaId ?? '-'} ${effect}`);
}

beforeAll(async () => {
  const [inventory, payment, shipping, notification] = await Promise.all([
    open('inventory'),
    open('payment'),
    open('shipping'),
    open('notification'),
  ]);
  urls = { inventory, payment, shipping, notification };
});

afterAll(async () => {
  for (const close of closing) await close();
});

it('rule 34: a completed, an undone and a running order agree; each other verdict is contradicted by the books', async () => {
  await Promise.all([reserve('done'), charge('done'), ship('done'), notify('done', 'confirmation')]);
  await Promise.all([reserve('undone'), charge('undone'), reserve('running')]);
  await send('DELETE', `${urls.payment}/api/payments/order-undone`);
  await send('DELETE', `${urls.inventory}/api/reservations/order-undone`);
  await notify('undone', 'cancellation');

  const done = verdict('order-done', 'COMPLETED', { total: TOTAL });
  const undone = verdict('order-undone', 'FAILED');
  const running = verdict('order-running', 'PENDING');
  expect(await differencesAgainst(done, undone, running)).toEqual([]);

  expect(await differencesAgainst(done, undone)).toEqual(['orphan order-running reservation']);
  expect(await differencesAgainst(done, undone, verdict('order-running', 'CANCELLED'))).toEqual([
    'leftover order-running reservation',
    'missing-notice order-running cancellation',
  ]);
  expect(await differencesAgainst(done, verdict('order-undone', 'PENDING'), running)).toEqual([
    'wrong-notice order-undone cancellation',
  ]);
  expect(await differencesAgainst(done, undone, verdict('order-running', 'COMPLETED'))).toEqual([
    'missing-notice order-running confirmation',
    'missing-effect order-running payment',
    'missing-effect order-running shipment',
    'money - EUR',
  ]);

  await Promise.all([reserve('dear'), charge('dear', { amount: 4_201, currency: 'EUR' })]);
  await Promise.all([ship('dear'), notify('dear', 'confirmation')]);
  expect(await differencesAgainst(done, undone, running, verdict('order-dear', 'COMPLETED'))).toEqual([
    'amount order-dear payment',
    'money - EUR',
  ]);
});
