/** Two readers of one body must not read two things (A2): a service refuses what is ambiguous before it compares or stores. */
import { openPayment } from '../../src/services/payment/service.js';
import { run, type RunningService } from './running-service.js';

let payment: RunningService;
beforeAll(async () => {
  payment = await run(openPayment);
});
afterAll(() => payment?.stop());

const BODY = '{"orderId":"o-1","customerId":"c§1","paymentMethod":"pm_1","amount":{"amount":100,"currency":"EUR"}}';
const body = BODY.replace('§', '-');
const withBytes = (...bytes: number[]): Buffer =>
  Buffer.concat(
    [BODY.split('§')[0] ?? '', Buffer.from(bytes), BODY.split('§')[1] ?? ''].map((part) => Buffer.from(part)),
  );

async function put(sent: string | Uint8Array<ArrayBuffer>, type = 'application/json') {
  const init = { method: 'PUT', body: sent, headers: { 'content-type': type } };
  const response = await fetch(`${payment.url}/api/payments/strict`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it.each([
  ['a byte that no UTF-8 has', withBytes(0xff)],
  ['half of a surrogate pair in UTF-8', withBytes(0xed, 0xa0, 0x80)],
  ['Latin-1', Buffer.from(body.replace('c-1', 'cü1'), 'latin1')],
  ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(body, 'utf16le')])],
  ['a byte order mark', Buffer.from(`\ufeff${body}`)],
  ['a field twice', Buffer.from(body.replace('{', '{"orderId":"o-2",'))],
  ['a field twice, once escaped', Buffer.from(body.replace('{', '{"order\\u0049d":"o-2",'))],
  ['an amount twice', Buffer.from(body.replace('"amount":100', '"amount":1,"amount":100'))],
  ['thirty thousand levels', Buffer.from(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)],
])('(A2) a body with %s is refused with 400, and no effect is stored', async (_, sent) => {
  expect(await put(new Uint8Array(sent))).toMatchObject({ status: 400, body: { code: 'MalformedJson' } });
  expect(await payment.sql('SELECT FROM effects')).toEqual([]);
});

it.each(['utf-16', 'utf-16le', 'iso-8859-1', 'us-ascii', '"utf-16"', ''])(
  '(A2) the charset %j is refused with 415, whose text is true',
  async (charset) => {
    const answer = await put(body, `application/json; charset=${charset}`);
    expect(answer).toMatchObject({ status: 415, body: { detail: 'Send the body in UTF-8.' } });
  },
);

it('(A2) a prototype is a field that is not known', async () => {
  const answer = await put(body.replace('{', '{"__proto__":{"amount":1},'));
  expect(answer).toMatchObject({ status: 400, body: { code: 'ValidationFailed', errors: [{ field: '__proto__' }] } });
});

it.each(['application/json', 'application/json;charset=UTF-8', 'application/json; charset="utf8"; v=1'])(
  '(A2) %s is taken, and the body stored as it was sent',
  async (type) => {
    expect((await put(body.replace('c-1', '東京 \u{1f4a9} ß'), type)).status).toBe(200);
    expect(await payment.sql('SELECT customer_id FROM payments')).toEqual([{ customer_id: '東京 \u{1f4a9} ß' }]);
  },
);
