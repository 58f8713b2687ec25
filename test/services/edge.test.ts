/** The HTTP edge: what is refused before any rule is asked, and what is said of it. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { PARTICIPANTS } from './participants.js';
import { run, type RunningService } from './running-service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { openShipping } from '../../src/services/shipping/service.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { openNotification } from '../../src/services/notification/service.js';

const amount = { amount: 100, currency: 'EUR' };
const payment = { orderId: 'o', customerId: 'c', paymentMethod: 'pm', amount };
const address = { name: 'A', street: 'S', city: 'C', postalCode: 'P', country: 'DE' };
const item = { productId: '123', quantity: 1 };

const services: Record<string, RunningService> = {};
const service = (name: string): RunningService => {
  const running = services[name];
  if (running === undefined) throw new Error(name);
  return running;
};
beforeAll(async () => {
  await Promise.all(PARTICIPANTS.map(async ({ name, open }) => (services[name] = await run(open))));
});
afterAll(() => Promise.all(Object.values(services).map((running) => running.stop())));

describe('a body that is not valid is a 400 that names the field, and changes nothing', () => {
  it.each([
    ['payment', 'payments/x', {}, 'orderId'],
    ['payment', 'payments/x', [], 'body'],
    ['payment', 'payments/x', { ...payment, cardNumber: '4111' }, 'cardNumber'],
    ['payment', 'payments/x', { ...payment, amount: { ...amount, amount: -1 } }, 'amount.amount'],
    ['payment', 'payments/x', { ...payment, amount: { ...amount, amount: 1.5 } }, 'amount.amount'],
    ['payment', 'payments/x', { ...payment, amount: { ...amount, amount: 2 ** 53 } }, 'amount.amount'],
    ['payment', 'payments/x', { ...payment, amount: { ...amount, amount: '100' } }, 'amount.amount'],
    ['payment', 'payments/x', { ...payment, amount: { ...amount, currency: 'euro' } }, 'amount.currency'],
    ['payment', 'payments/x', { ...payment, customerId: 'nul\u0000' }, 'customerId'],
    ['payment', 'payments/x', { ...payment, customerId: 'half \ud800' }, 'customerId'],
    ['payment', 'payments/x', { ...payment, orderId: '' }, 'orderId'],
    ['payment', `payments/${'x'.repeat(101)}`, payment, 'id'],
    ['payment', 'payments/x%00', payment, 'id'],
    ['payment', 'payments/a%20b', payment, 'id'],
    ['payment', 'payments/..%2Fx', payment, 'id'],
    ['inventory', 'reservations/x', { orderId: 'o', items: [] }, 'items'],
    ['inventory', 'reservations/x', { orderId: 'o', items: Array.from({ length: 101 }, () => item) }, 'items'],
    ['inventory', 'reservations/x', { orderId: 'o', items: [{ ...item, quantity: 0 }] }, 'items[0].quantity'],
    ['inventory', 'reservations/x', { orderId: 'o', items: [item, { ...item, quantity: 1e9 }] }, 'items[1].quantity'],
    ['inventory', 'reservations/x', { orderId: 'o', items: [{ ...item, price: 1 }] }, 'items[0].price'],
    [
      'shipping',
      'shipments/x',
      { orderId: 'o', items: [item], address: { ...address, country: 'de' } },
      'address.country',
    ],
    [
      'shipping',
      'shipments/x',
      { orderId: 'o', items: [item], address: { ...address, street: undefined } },
      'address.street',
    ],
    ['notification', 'notifications/x-cancellation', { orderId: 'o', customerId: 'c', kind: 'confirmation' }, 'id'],
    ['notification', 'notifications/x', { orderId: 'o', customerId: 'c', kind: 'confirmation' }, 'id'],
    ['notification', 'notifications/x-advert', { orderId: 'o', customerId: 'c', kind: 'advert' }, 'kind'],
  ])('%s %s %j: %s', async (name, path, body, field) => {
    const answer = await service(name).call('PUT', `/api/${path}`, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'ValidationFailed', status: 400 } });
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ field }));
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(await service(name).sql('SELECT FROM effects')).toHaveLength(0);
  });
});

describe('a request that cannot be read', () => {
  const json = { 'content-type': 'application/json' };
  it.each([
    ['broken JSON', '{"orderId": ', json, 400, 'MalformedJson'],
    ['a JSON text that is no object', '"text"', json, 400, 'MalformedJson'],
    ['a prototype in disguise', '{"__proto__": {"orderId": "o"}}', json, 400, 'ValidationFailed'],
    ['form data', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UnsupportedMediaType'],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 415, 'UnsupportedMediaType'],
    ['a strange charset', '{}', { 'content-type': 'application/json; charset=klingon' }, 415, 'UnsupportedMediaType'],
    ['compressed JSON', '{}', { ...json, 'content-encoding': 'gzip' }, 415, 'UnsupportedMediaType'],
    ['more than 64 KB', JSON.stringify({ x: 'x'.repeat(65 * 1024) }), json, 413, 'PayloadTooLarge'],
    ['no body', undefined, {}, 400, 'ValidationFailed'],
  ])('%s: a problem document', async (_what, body, headers, status, code) => {
    const answer = await service('payment').call('PUT', '/api/payments/x', body, headers);
    expect(answer).toMatchObject({ status, body: { type: `urn:unwind:problem:${code}`, code, status } });
  });

  it.each([
    ['GET', '/', 404, 'NotFound'],
    ['GET', '/api/nothing', 404, 'NotFound'],
    ['GET', '/api/payments/x/y', 404, 'NotFound'],
    ['GET', '/API/payments/x', 404, 'NotFound'],
    ['GET', '/api/payments/%E0%A4%A', 400, 'ValidationFailed'],
    ['POST', '/api/payments/x', 405, 'MethodNotAllowed'],
    ['PATCH', '/api/payments/x', 405, 'MethodNotAllowed'],
    ['DELETE', '/api/payments', 405, 'MethodNotAllowed'],
    ['POST', '/health/ready', 405, 'MethodNotAllowed'],
  ])('%s %s: %i %s', async (method, path, status, code) => {
    const answer = await service('payment').call(method, path);
    expect(answer).toMatchObject({ status, body: { code, title: expect.any(String), detail: expect.any(String) } });
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET/);
  });
});

describe('what each service tells of itself', () => {
  it.each(PARTICIPANTS)(
    '$name is live and ready, and publishes its OpenAPI document',
    async ({ name, collection, deleteRefusal }) => {
      expect(await service(name).call('GET', '/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
      expect(await service(name).call('GET', '/health/ready')).toMatchObject({
        status: 200,
        body: { status: 'ready' },
      });
      const { body } = await service(name).call('GET', '/openapi.json');
      expect(body).toMatchObject({ openapi: '3.1.0', paths: { [`/api/${collection}`]: { get: {} } } });
      const one = (body['paths'] as Record<string, object>)[`/api/${collection}/{id}`] ?? {};
      expect(Object.keys(one).sort()).toEqual(deleteRefusal === undefined ? ['get', 'put'] : ['delete', 'get', 'put']);
    },
  );

  it('the correlation id is taken, or made, and always answered', async () => {
    const given = await service('payment').call('GET', '/api/payments/x', undefined, { 'x-correlation-id': 'abc-123' });
    expect(given.headers.get('x-correlation-id')).toBe('abc-123');
    const problem = await service('payment').call('GET', '/nothing', undefined, { 'x-correlation-id': 'abc-123' });
    expect(problem.body['correlationId']).toBe('abc-123');
    const made = await service('payment').call('GET', '/api/payments/x');
    expect(made.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    const bad = await service('payment').call('GET', '/api/payments/x', undefined, {
      'x-correlation-id': 'no spaces {"x"}',
    });
    expect(bad.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('rule 33: the log', () => {
  const secrets = { customerId: 'secret-customer', paymentMethod: 'secret-token' };

  it('has the correlation id in every line of a request, and nothing personal, not even when the database fails', async () => {
    const log: string[] = [];
    const stream = new Writable({ write: (chunk, _encoding, done) => (log.push(String(chunk)), done()) });
    const running = await run(openPayment, { logger: pino({ level: 'trace' }, stream) });
    const starting = log.splice(0);
    const headers = { 'x-correlation-id': 'corr-1' };
    await running.arm({ mode: 'slow-answer', delayMs: 0 });
    log.length = 0;
    await running.call('PUT', '/api/payments/ok', { ...payment, ...secrets }, headers);
    await running.call('PUT', '/api/payments/declined', { ...payment, ...secrets, amount: {} }, headers);
    await running.sql('ALTER TABLE payments ADD CHECK (amount <> 666)');
    const failing = { ...payment, ...secrets, amount: { amount: 666, currency: 'EUR' } };
    expect(await running.call('PUT', '/api/payments/broken', failing, headers)).toMatchObject({
      status: 500,
      body: { code: 'InternalError' },
    });
    await running.stop();
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines.map((line) => line['correlationId'])).toEqual(lines.map(() => 'corr-1'));
    expect(lines.at(-1)).toMatchObject({
      method: 'PUT',
      path: '/api/payments/:id',
      status: 500,
      service: 'payment',
    });
    expect([...starting, ...log].join('')).not.toMatch(/secret|Failing row/);
  });

  it('has no address', async () => {
    const log: string[] = [];
    const stream = new Writable({ write: (chunk, _encoding, done) => (log.push(String(chunk)), done()) });
    const running = await run(openShipping, { logger: pino({ level: 'trace' }, stream) });
    const secret = { ...address, name: 'secret-name', street: 'secret-street' };
    await running.call('PUT', '/api/shipments/x', { orderId: 'o', items: [item], address: secret });
    await running.call('PUT', '/api/shipments/y', {
      orderId: 'o',
      items: [item],
      address: { ...secret, country: 'AQ' },
    });
    await running.stop();
    expect(log.join('')).toContain('/api/shipments/:id');
    expect(log.join('')).not.toContain('secret-');
  });
});

describe('what each refusal can be reproduced with', () => {
  const reserve = (id: string, ...productIds: string[]) =>
    service('inventory').call('PUT', `/api/reservations/${id}`, {
      orderId: 'o',
      items: productIds.map((productId) => ({ productId, quantity: 1 })),
    });

  it('an unknown product, also by a strange name', async () => {
    expect(await reserve('u-1', '123', 'nothing')).toMatchObject({ status: 422, body: { code: 'UnknownProduct' } });
    expect(await reserve('u-2', "Robert'); DROP TABLE products;--")).toMatchObject({ status: 422 });
    expect((await service('inventory').call('GET', '/api/products/123')).body).toMatchObject({ reserved: 0 });
  });

  it('two currencies', async () => {
    expect(await reserve('m-1', '123', 'usd-1')).toMatchObject({ status: 422, body: { code: 'MixedCurrencies' } });
  });

  it('a parcel that the carrier has', async () => {
    await service('shipping').call('PUT', '/api/shipments/gone', { orderId: 'o', items: [item], address });
    await service('shipping').sql(`UPDATE shipments SET collected_at = now() WHERE id = 'gone'`);
    expect(await service('shipping').call('DELETE', '/api/shipments/gone')).toMatchObject({
      status: 409,
      body: { code: 'AlreadyCollected' },
    });
    expect((await service('shipping').call('GET', '/api/shipments/gone')).body['effect']).toBe('applied');
  });
});

it('demo data is loaded only if the setting says so, and changes no stock that was reserved', async () => {
  const first = await run(openInventory);
  await first.call('PUT', '/api/reservations/r', { orderId: 'o', items: [{ productId: '789', quantity: 1 }] });
  const again = await run(openInventory, { schema: first.schema });
  expect((await again.call('GET', '/api/products/789')).body).toMatchObject({ available: 0, reserved: 1 });
  expect(await again.call('GET', '/api/products/nothing')).toMatchObject({
    status: 404,
    body: { code: 'UnknownProduct' },
  });
  await Promise.all([first.stop(), again.stop()]);
});

it('notification takes both of the mails of one order', async () => {
  const running = await run(openNotification);
  for (const kind of ['confirmation', 'cancellation']) {
    const answer = await running.call('PUT', `/api/notifications/order-1-${kind}`, {
      orderId: '1',
      customerId: 'c',
      kind,
    });
    expect(answer).toMatchObject({ status: 200, body: { kind, effect: 'applied' } });
  }
  expect((await running.call('GET', '/api/notifications?orderId=1')).body['items']).toHaveLength(2);
  await running.stop();
});
