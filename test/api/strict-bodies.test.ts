/** Two readers of one body must not read two things (A2): what is ambiguous is refused before it is compared or stored. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

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

const JSON_TYPE = { 'content-type': 'application/json' };
const order = (street: string, orderId = 'strict'): string =>
  JSON.stringify({
    orderId,
    items: [{ productId: '123', quantity: 1 }],
    customerId: 'c-1',
    paymentMethod: 'pm_1',
    shippingAddress: { name: 'N', street, city: 'C', postalCode: 'P', country: 'AT' },
  });
/** `§` in the text becomes these bytes. */
const withBytes = (...bytes: number[]): Buffer => {
  const [before = '', after = ''] = order('a§b').split('§');
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
};
const MARK = [0xef, 0xbb, 0xbf];

it.each([
  ['a byte that no UTF-8 has', withBytes(0xff)],
  ['an overlong slash', withBytes(0xc0, 0xaf)],
  ['half of a surrogate pair in UTF-8', withBytes(0xed, 0xa0, 0x80)],
  ['a cut sequence', withBytes(0xe2, 0x82)],
  ['Latin-1', Buffer.from(order('Königsstraße'), 'latin1')],
  ['UTF-16 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(order('S'), 'utf16le')])],
  ['UTF-16 without a mark', Buffer.from(order('S'), 'utf16le')],
  ['a byte order mark', Buffer.concat([Buffer.from(MARK), Buffer.from(order('S'))])],
  ['a member twice', Buffer.from(order('S').replace('{', '{"customerId":"somebody-else",'))],
  ['a member twice, once escaped', Buffer.from(order('S').replace('{', '{"customer\\u0049d":"somebody-else",'))],
  ['a member twice in the address', Buffer.from(order('S').replace('"city"', '"street":"T","city"'))],
  ['a hundred levels', Buffer.from(order('S').replace('"S"', `${'['.repeat(100)}1${']'.repeat(100)}`))],
  ['thirty thousand levels', Buffer.from(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)],
  ['invalid UTF-8, compressed', gzipSync(withBytes(0xff))],
])('(A2) a body with %s is refused with 400, and nothing is stored', async (what, body) => {
  const encoding = what.endsWith('compressed') ? { 'content-encoding': 'gzip' } : {};
  const answer = await api.request('POST', '/api/orders', { body, headers: { ...JSON_TYPE, ...encoding } });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 'InvalidJson', errors: [{ field: 'body' }] });
  expect(await api.rows()).toEqual([]);
});

it.each(['utf-16', 'utf-16le', 'UTF-32', 'iso-8859-1', 'us-ascii', '"utf-16"', 'utf-8-sig', ''])(
  '(A2) the charset %j is refused with 415, whose text is true',
  async (charset) => {
    const bodies = [Buffer.from(order('S')), Buffer.from(order('S'), 'utf16le')];
    for (const body of bodies) {
      const headers = { 'content-type': `application/json; charset=${charset}` };
      const answer = await api.request('POST', '/api/orders', { body, headers });
      expect([answer.status, answer.body['code']]).toEqual([415, 'UnsupportedMediaType']);
      expect(answer.body['errors']).toEqual([{ field: 'body', message: 'has to be in UTF-8' }]);
    }
    expect(await api.rows()).toEqual([]);
  },
);

it.each(['/api/orders/x/cancel', '/api/sagas/order-x/steps/s/resolve', '/api/sagas/resolve'])(
  '(A2) POST %s reads its body in the same way',
  async (path) => {
    const body = Buffer.concat([Buffer.from('{"reason":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const answer = await api.request('POST', path, { body, headers: JSON_TYPE });
    expect([answer.status, answer.body['code']]).toEqual([400, 'InvalidJson']);
  },
);

it.each([
  ['"__proto__":{"customerId":"x"}', '__proto__'],
  ['"constructor":{"prototype":{"a":1}}', 'constructor'],
  ['"items":[{"productId":"123","quantity":9007199254740993}]', 'items[0].quantity'],
  ['"items":[{"productId":"123","quantity":1e400}]', 'items[0].quantity'],
  ['"items":[{"productId":"123","quantity":1,"__proto__":{"quantity":2}}]', 'items[0].__proto__'],
])('(A2) the member %s is refused with its name', async (member, field) => {
  const rest = member.startsWith('"items"') ? '' : ',"items":[{"productId":"123","quantity":1}]';
  const answer = await api.request('POST', '/api/orders', { body: `{${member}${rest}}`, headers: JSON_TYPE });
  expect([answer.status, answer.body['code']]).toEqual([400, 'InvalidRequest']);
  expect(answer.text).toContain(`"field":"${field}"`);
  expect(await api.rows()).toEqual([]);
});

it.each(['application/json', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"; v=1'])(
  '(A2) text in any script, sent as %s, is stored as it was sent',
  async (type) => {
    const street = 'Königsstraße 5, 東京都, \u{1f4a9} \ufffd';
    const orderId = `strict-${randomUUID()}`;
    const body = order(street, orderId);
    const answer = await api.request('POST', '/api/orders', { body, headers: { 'content-type': type } });
    expect([200, 202]).toContain(answer.status);
    expect((await api.orders.get(orderId))?.shippingAddress.street).toBe(street);
    await api.sql('DELETE FROM orders');
  },
);

it('(A2) a POST whose chunked body has no bytes is one without a body', async () => {
  const body = new ReadableStream({ start: (controller) => controller.close() });
  const init = { body, headers: JSON_TYPE, duplex: 'half' } as RequestInit;
  const answer = await api.request('POST', '/api/orders', init);
  expect([answer.status, answer.body['errors']]).toEqual([400, [{ field: 'body', message: 'is required' }]]);
});
