/** Services that want a token (K9): who is let in, and what becomes of an order whose caller is not. */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/activities.js';
import { createCatalogue } from '../../src/orders/catalogue.js';
import { readBooks } from '../../src/oracle/read-books.js';
import type { Order } from '../../src/order.js';
import { at, type ServiceAccess, type ServiceTarget } from '../../src/platform/outbound/service-access.js';
import { exchange } from '../../src/platform/outbound/exchange.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { PARTICIPANTS } from './participants.js';
import { run, type RunningService } from './running-service.js';

const TOKEN = 'a-token-of-the-tests-0123456789';
const ORIGIN = { correlationId: 'c', traceparent: 't' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const order: Order = {
  orderId: 'token-1',
  customerId: 'demo-customer',
  items: [{ productId: '123', quantity: 1 }],
  paymentMethod: 'tok_demo',
  shippingAddress: { name: 'A', street: 'S', city: 'C', postalCode: 'P', country: 'DE' },
};

let certificates: Certificates;
const services: Record<string, RunningService> = {};
/** Before the services: TLS that wants a certificate of the client, as a mesh has it. */
const fronts: Record<string, { readonly url: string; readonly server: https.Server }> = {};

beforeAll(async () => {
  certificates = makeCertificates();
  await Promise.all(
    PARTICIPANTS.map(async ({ name, open }) => {
      const running = await run(open, { token: TOKEN });
      services[name] = running;
      fronts[name] = await frontOf(running.url);
    }),
  );
});
afterAll(async () => {
  for (const { server } of Object.values(fronts)) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all(Object.values(services).map((running) => running.stop()));
  certificates.remove();
});

async function frontOf(url: string) {
  const { ca, server: own } = certificates;
  const files = { ca: readFileSync(ca), cert: readFileSync(own.cert), key: readFileSync(own.key) };
  const server = https.createServer({ ...files, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    const onwards = http.request(`${url}${request.url ?? ''}`, { method: request.method, headers: request.headers });
    onwards.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onwards);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const service = (name: string): RunningService => services[name] as RunningService;

/** Each service by its front, with the credentials. */
function targets(access: Partial<ServiceAccess>) {
  const of = (name: string): ServiceTarget => ({ url: fronts[name]?.url ?? '', ...access });
  return {
    inventory: of('inventory'),
    payment: of('payment'),
    shipping: of('shipping'),
    notification: of('notification'),
  };
}

const allOfIt = (): Partial<ServiceAccess> => ({ token: TOKEN, tls: { ca: certificates.ca, ...certificates.client } });

const inActivity = (act: () => Promise<unknown>): Promise<unknown> =>
  new MockActivityEnvironment({ attempt: 1, startToCloseTimeoutMs: 5_000 }).run(act).catch((error: unknown) => error);

describe('a service that wants a token (K9)', () => {
  it.each(PARTICIPANTS.map(({ name }) => name))('lets nobody in without it, and changes nothing: %s', async (name) => {
    const collection =
      { payment: 'payments', inventory: 'reservations', shipping: 'shipments' }[name] ?? 'notifications';
    const path = `/api/${collection}/order-1`;
    const wrong = [
      {},
      bearer(`${TOKEN}x`),
      bearer(TOKEN.slice(0, -1)),
      { authorization: `Basic ${TOKEN}` },
      bearer(''),
    ];
    for (const headers of wrong) {
      for (const [method, of] of [
        ['GET', path],
        ['PUT', path],
        ['DELETE', path],
        ['GET', `/api/${collection}`],
        ['GET', `/api//${collection}`],
        ['POST', '/api/test/fail-next-request'],
        ['DELETE', '/api/test/faults'],
      ] as const) {
        const answer = await service(name).call(method, of, method === 'PUT' ? {} : undefined, headers);
        expect(answer).toMatchObject({ status: 401, body: { code: 'Unauthenticated', status: 401 } });
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(JSON.stringify(answer.body)).not.toContain(TOKEN);
      }
    }
    expect(await service(name).sql('SELECT FROM effects')).toHaveLength(0);
    expect((await service(name).call('GET', '/health/ready')).status).toBe(200);
    const document = await service(name).call('GET', '/openapi.json');
    expect(document.body).toMatchObject({ security: [{ token: [] }] });
    expect(JSON.stringify(document.body)).not.toContain(TOKEN);
    const faults = await service(name).call('GET', '/api/test/faults', undefined, bearer(TOKEN));
    expect(faults).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('is called by the worker, the API and the oracle alike, through TLS with a certificate of their own', async () => {
    const activities = createActivities({ orders: { get: async () => order }, services: targets(allOfIt()) });
    const { total } = (await inActivity(() => activities.reserveInventory(order))) as { total: never };
    const priced = { orderId: order.orderId, total };
    expect(await inActivity(() => activities.processPayment(priced))).toMatchObject({ attempts: 1 });
    expect(await inActivity(() => activities.createShipment(order))).toMatchObject({ attempts: 1 });
    expect(await inActivity(() => activities.sendConfirmation(order))).toEqual({ attempts: 1 });
    expect(await inActivity(() => activities.cancelShipment(order))).toMatchObject({ outcome: 'compensated' });
    const catalogue = createCatalogue({ inventory: targets(allOfIt()).inventory, patienceMs: 5_000 });
    expect(await catalogue.unknownOf(['123', 'nosuch'], ORIGIN)).toEqual(new Set(['nosuch']));
    const { effects } = await readBooks(targets(allOfIt()));
    expect(effects.map(({ kind }) => kind).sort()).toEqual(['confirmation', 'payment', 'reservation']);
  });

  it('that does not accept the credentials is an operational fault, never a refusal (rule 10)', async () => {
    const { tls } = allOfIt();
    const activities = createActivities({
      orders: { get: async () => order },
      services: targets({ tls, token: 'other' }),
    });
    for (const act of [
      () => activities.reserveInventory(order),
      () => activities.processPayment({ orderId: order.orderId, total: { amount: 1, currency: 'EUR' } }),
      () => activities.releaseReservation(order),
    ]) {
      const failure = await inActivity(act);
      expect(failure).toMatchObject({ type: 'OperationalFault', nonRetryable: false });
      expect((failure as Error).message).toMatch(/answered 401: it does not accept our credentials$/);
    }
    await expect(readBooks(targets({ tls }))).rejects.toThrow(/answered 401: it does not accept our credentials\.$/);
  });

  it('is not silently left out of the check of products when it does not accept the credentials (P8)', async () => {
    const warnings: unknown[] = [];
    const logger = { warn: (...args: unknown[]) => void warnings.push(args) } as never;
    const catalogue = createCatalogue({ inventory: service('inventory').url, logger, patienceMs: 5_000 });
    expect(await catalogue.unknownOf(['123', 'nosuch'], ORIGIN)).toEqual(new Set());
    expect(warnings).toEqual([[{ status: 401 }, expect.stringContaining('does not accept our credentials')]]);
  });

  it('is unreachable, with TLS’ own reason, when its certificate is not trusted or ours is missing', async () => {
    const { ca, otherCa, client } = certificates;
    const call = (tls: ServiceAccess['tls']) => {
      const services = targets({ token: TOKEN, tls });
      return inActivity(() =>
        createActivities({ orders: { get: async () => order }, services }).reserveInventory(order),
      );
    };
    expect(await call({ ca: otherCa, ...client })).toMatchObject({
      type: 'ServiceUnreachable',
      nonRetryable: false,
      message: expect.stringMatching(/: (SELF_SIGNED_CERT|UNABLE_TO)[A-Z_]+$/),
    });
    expect(await call({ ca })).toMatchObject({ type: 'ServiceUnreachable', nonRetryable: false });
    expect(await call(undefined)).toMatchObject({ type: 'ServiceUnreachable', nonRetryable: false });
  });

  it('gets the user and password of its URL if it has no token (P8)', async () => {
    const seen: (string | undefined)[] = [];
    const server = http.createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"UnknownProduct"}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://ann:s%40cret@127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await createCatalogue({ inventory: { url } }).unknownOf(['1'], ORIGIN)).toEqual(new Set(['1']));
    const basic = `Basic ${Buffer.from('ann:s@cret').toString('base64')}`;
    const bounds = { method: 'GET', headers: {}, body: undefined, within: 5_000, longest: 100 };
    const { url: address, access } = at({ url, token: TOKEN }, '/api/x');
    await exchange({ ...bounds, url: new URL(address), access });
    expect(seen).toEqual([basic, `Bearer ${TOKEN}`]);
    server.closeAllConnections();
    server.close();
  });
});

describe("an answer that is about the caller's credentials", () => {
  it.each([401, 403, 407])('is never taken for a refusal, with any body: %d', async (status) => {
    const server = http.createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: 'urn:x', title: 'declined', status, code: 'PaymentDeclined' }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const urls = { inventory: url, payment: url, shipping: url, notification: url };
    const activities = createActivities({ orders: { get: async () => order }, services: urls });
    const pay = () => activities.processPayment({ orderId: order.orderId, total: { amount: 1, currency: 'EUR' } });
    expect(await inActivity(pay)).toMatchObject({ type: 'OperationalFault', nonRetryable: false });
    server.closeAllConnections();
    server.close();
  });
});
