import type { TestEnv } from '../support/temporal.js';
import { createWarmServer } from './warm-server.js';
import { runApi, type RunningApi } from './running-api.js';

let temporal: TestEnv;
let api: RunningApi;
let strict: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client });
  strict = await runApi({ temporal: temporal.client, demoData: false });
});

afterAll(async () => {
  await Promise.all([api?.close(), strict?.close()]);
  await temporal?.close();
});

const ID = 'refused';
const line = { productId: '123', quantity: 2 };
const address = { name: 'N', street: 'S', city: 'C', postalCode: 'P', country: 'AT' };
const order = (change: object): string => JSON.stringify({ orderId: ID, items: [line], ...change });
const quantity = (value: unknown): string => order({ items: [{ productId: '123', quantity: value }] });
const product = (value: unknown): string => order({ items: [{ productId: value, quantity: 1 }] });
const fields = (answer: { body: Record<string, unknown> }): unknown[] =>
  (Array.isArray(answer.body['errors']) ? answer.body['errors'] : []).map((error: { field: unknown }) => error.field);

/** What was sent, what it is, and the field that the answer has to name. */
const REFUSED: [what: string, body: string, field: string][] = [
  ['a zero quantity', quantity(0), 'items[0].quantity'],
  ['a negative quantity', quantity(-1), 'items[0].quantity'],
  ['a huge quantity', quantity(10_001), 'items[0].quantity'],
  [
    'a quantity beyond numbers',
    `{"orderId":"${ID}","items":[{"productId":"123","quantity":1e999}]}`,
    'items[0].quantity',
  ],
  ['a fractional quantity', quantity(1.5), 'items[0].quantity'],
  ['a quantity in quotes', quantity('2'), 'items[0].quantity'],
  ['no quantity', quantity(undefined), 'items[0].quantity'],
  ['lines that add up to too many', order({ items: [line, { ...line, quantity: 9_999 }] }), 'items[1].quantity'],
  ['no product', product(undefined), 'items[0].productId'],
  ['an empty product', product(''), 'items[0].productId'],
  ['a product that climbs out of its address', product('../orders'), 'items[0].productId'],
  ['a number as product', product(123), 'items[0].productId'],
  ['no items', order({ items: undefined }), 'items'],
  ['an empty list of items', order({ items: [] }), 'items'],
  [
    '101 lines',
    order({ items: Array.from({ length: 101 }, (_, n) => ({ productId: `p${n}`, quantity: 1 })) }),
    'items',
  ],
  ['items that are no list', order({ items: line }), 'items'],
  ['null as a line', order({ items: [null] }), 'items[0]'],
  ['an unknown field', order({ price: 1 }), 'price'],
  ['an unknown field in a line', order({ items: [{ ...line, price: 1 }] }), 'items[0].price'],
  ['a prototype', `{"orderId":"${ID}","items":[{"productId":"123","quantity":1}],"__proto__":{"a":1}}`, '__proto__'],
  ['an id that is a saga id', order({ orderId: `order-${ID}` }), 'orderId'],
  ['an id of 65 characters', order({ orderId: 'a'.repeat(65) }), 'orderId'],
  ['an empty id', order({ orderId: '' }), 'orderId'],
  ['null as id', order({ orderId: null }), 'orderId'],
  ['a card number as payment method', order({ paymentMethod: '4111111111111111' }), 'paymentMethod'],
  ['an address without a city', order({ shippingAddress: { ...address, city: undefined } }), 'shippingAddress.city'],
  ['a blank street', order({ shippingAddress: { ...address, street: '  ' } }), 'shippingAddress.street'],
  ['a NUL in a name', order({ shippingAddress: { ...address, name: 'a\u0000b' } }), 'shippingAddress.name'],
  ['half a character in a name', order({ shippingAddress: { ...address, name: 'a\ud800' } }), 'shippingAddress.name'],
  ['a country by name', order({ shippingAddress: { ...address, country: 'Austria' } }), 'shippingAddress.country'],
  ['a list', '[]', 'body'],
  ['a string', '"order"', 'body'],
  ['null', 'null', 'body'],
  ['no body', '', 'body'],
];

const JSON_TYPE = { 'content-type': 'application/json' };

async function nothingStarted(at: RunningApi = api): Promise<void> {
  expect(await at.rows()).toEqual([]);
  await expect(temporal.client.workflow.getHandle(`order-${ID}`).describe()).rejects.toMatchObject({
    name: 'WorkflowNotFoundError',
  });
}

describe('POST /api/orders refuses, and starts nothing with', () => {
  it.each(REFUSED)('%s', async (_what, body, field) => {
    const answer = await api.request('POST', '/api/orders', { body, headers: JSON_TYPE });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      type: '/problems/InvalidRequest',
      status: 400,
      code: 'InvalidRequest',
      title: expect.any(String),
      correlationId: answer.headers.get('x-correlation-id'),
    });
    expect(fields(answer)).toContain(field);
    expect(answer.text).not.toMatch(/4111[ _-]?1111|node_modules|\.ts:/);
    await nothingStarted();
  });

  it.each([
    ['half an object', '{"items":[', 400, 'InvalidJson'],
    ['no JSON at all', 'items=123', 400, 'InvalidJson'],
    [
      'a body over 64 KB',
      JSON.stringify({ orderId: ID, items: [line], note: 'x'.repeat(65_536) }),
      413,
      'PayloadTooLarge',
    ],
  ])('%s', async (_what, body, status, code) => {
    const answer = await api.request('POST', '/api/orders', { body, headers: JSON_TYPE });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, status });
    expect(fields(answer)).toEqual(['body']);
    await nothingStarted();
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain' }],
    ['JSON in another alphabet', { 'content-type': 'application/json; charset=shift_jis' }],
  ])('%s instead of JSON: 415', async (_what, headers) => {
    const answer = await api.request('POST', '/api/orders', { body: order({}), headers });
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ code: 'UnsupportedMediaType' });
    await nothingStarted();
  });

  it('a body that is compressed in an unknown way: 415, and not for its type', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'zip' };
    const answer = await api.request('POST', '/api/orders', { body: order({}), headers });
    expect([answer.status, answer.body['code'], fields(answer)]).toEqual([415, 'UnsupportedEncoding', ['body']]);
    await nothingStarted();
  });

  it('a body that is not compressed as its header says, naming the body', async () => {
    const answer = await api.request('POST', '/api/orders', {
      body: order({}),
      headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    });
    expect([answer.status, answer.body['code'], fields(answer)]).toEqual([400, 'InvalidRequest', ['body']]);
    await nothingStarted();
  });

  it('a fractional quantity, saying that it has to be a whole number', async () => {
    const answer = await api.request('POST', '/api/orders', { body: quantity(1.5), headers: JSON_TYPE });
    expect(answer.text).toContain('has to be a whole number');
  });

  it('a product that is not in the catalogue, naming each line', async () => {
    const answer = await api.post('/api/orders', { orderId: ID, items: [line, { productId: 'nosuch', quantity: 1 }] });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'UnknownProduct' });
    expect(fields(answer)).toEqual(['items[1].productId']);
    await nothingStarted();
  });

  it('missing fields if there is no demo customer', async () => {
    const answer = await strict.post('/api/orders', { orderId: ID, items: [line], customerId: 'c-1' });
    expect(answer.status).toBe(400);
    expect(fields(answer)).toEqual(['paymentMethod', 'shippingAddress']);
    await nothingStarted(strict);
  });

  it('more mistakes than help, naming the first of them', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`field${n}`, 1]));
    const answer = await api.post('/api/orders', { orderId: ID, items: [line], ...unknown });
    expect(fields(answer)).toHaveLength(20);
    await nothingStarted();
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', '/', 404, 'RouteNotFound'],
    ['POST', '/api/order', 404, 'RouteNotFound'],
    ['GET', '/api/orders/%zz', 400, 'InvalidRequest'],
    ['GET', '/api/sagas/123/status', 404, 'SagaNotFound'],
    ['GET', '/api/sagas/order-nobody/status', 404, 'SagaNotFound'],
  ])('%s %s: %i %s', async (method, path, status, code) => {
    const answer = await api.request(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, status, type: `/problems/${code}` });
    expect(answer.text).not.toMatch(/node_modules|\.ts:|Cannot GET/);
  });

  it.each([
    ['PUT', '/api/orders', 'GET, POST, HEAD, OPTIONS'],
    ['DELETE', '/api/orders/1', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/orders/1/cancel', 'POST, OPTIONS'],
    ['POST', '/api/sagas/order-1/status', 'GET, HEAD, OPTIONS'],
    ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
  ])('%s %s: 405, allowed are %s', async (method, path, allow) => {
    const answer = await api.request(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.body).toMatchObject({ code: 'MethodNotAllowed' });
  });

  it('an OPTIONS request names the methods', async () => {
    const answer = await api.request('OPTIONS', '/api/orders');
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
  });
});

describe('the correlation id', () => {
  it.each(['a b', 'jane@example.com', '-x', 'x'.repeat(129)])('is made anew instead of %j', async (given) => {
    const answer = await api.request('GET', '/health/live', { headers: { 'x-correlation-id': given } });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
