/** Personal data stays with the order: not in ids, histories, problems or logs (L2, rule 33). */
import { createHash } from 'node:crypto';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import * as fc from 'fast-check';
import { createAuthenticate, type Authenticate } from '../../src/api/http/authenticate.js';
import { routePattern } from '../../src/api/http/route-pattern.js';
import { orderQueues } from '../../src/worker/queues.js';
import { CANCEL_REASONS } from '../../src/order.js';
import { holdsPersonalData, looksLikeCardNumber } from '../../src/platform/personal-data.js';
import { workflowBundle, type TestEnv } from '../support/temporal.js';
import { runIssuer, type Issuer } from './issuer.js';
import { runApi, type RunningApi } from './running-api.js';
import { theShop, type Shop } from './shop.js';
import { createWarmServer } from './warm-server.js';

const items = [{ productId: '123', quantity: 1 }];
const EMAIL = 'c4nary@example.com';
const CARD = '4111111111111111';

let temporal: TestEnv;
let issuer: Issuer;
let api: RunningApi;
let shop: Shop;
let authenticate: Authenticate;

const bearer = async (claims: Record<string, unknown>) => ({ authorization: `Bearer ${await issuer.token(claims)}` });
const customer = () => bearer({ sub: EMAIL, roles: ['customer'] });

beforeAll(async () => {
  temporal = await createWarmServer();
  issuer = await runIssuer();
  authenticate = createAuthenticate({ tokens: issuer.options, apiKeys: [] });
  api = await runApi({ temporal: temporal.client, more: { authenticate } });
  await api.sql(`INSERT INTO customers SELECT '${EMAIL}', payment_token, shipping_address FROM customers`);
  shop = theShop();
});

afterAll(async () => {
  await api?.close();
  await issuer?.close();
  await temporal?.close();
});

describe('a customer who is known by an e-mail address', () => {
  it('cancels as `customer`, with a code; what the customer says stays in the orders table (L2)', async () => {
    const comment = `Please tell ${EMAIL}: my card is ${CARD}`;
    const placed = await api.post('/api/orders', { items }, await customer());
    expect(placed.status).toBe(202);
    const orderId = String(placed.body['orderId']);
    const charge = shop.hold(orderId);
    const { shared } = orderQueues('order-fulfillment', shop.activities);
    const workers = await temporal.startWorker({ ...shared, workflowBundle: await workflowBundle() });
    const handle = temporal.client.workflow.getHandle(`order-${orderId}`);
    try {
      await charge.reached;
      const body = { reason: 'changed_mind', comment };
      expect((await api.post(`/api/orders/${orderId}/cancel`, body, await customer())).status).toBe(200);
      charge.release();
      expect(await handle.result()).toMatchObject({ state: 'CANCELLED' });
    } finally {
      charge.release();
      await workers.stop();
    }
    const history = historyToJSON(await handle.fetchHistory()).replaceAll(
      /"([A-Za-z0-9+/]{8,}=*)"/g,
      (_all, data: string) => Buffer.from(data, 'base64').toString(),
    );
    expect(history.match(/changed_mind|c4nary|4111[ _-]?1111|Please/g)).toEqual(['changed_mind']);
    expect(history).toContain('"actor":"customer"');
    expect(JSON.stringify(api.log)).not.toMatch(/c4nary|4111[ _-]?1111|Please/);
    const [row] = await api.sql(`SELECT cancel_reason, cancel_comment FROM orders WHERE id = '${orderId}'`);
    expect(row).toEqual({ cancel_reason: 'changed_mind', cancel_comment: comment });
  });

  it.each([
    [{ reason: `I am ${EMAIL}` }, 'reason'],
    [{ reason: 'ordered twice' }, 'reason'],
    [{ reason: 'other', actor: EMAIL }, 'actor'],
    [{ reason: 'other', comment: 'x'.repeat(501) }, 'comment'],
  ])('cannot put anything else into the history: %j (L2)', async (body, field) => {
    const answer = await api.post('/api/orders/mailed/cancel', body, await customer());
    expect(answer.body).toMatchObject({ code: 'InvalidRequest', errors: [{ field }] });
    expect(answer.text).not.toContain('c4nary');
    if (field === 'reason') expect(answer.text).toContain(CANCEL_REASONS.join(', '));
  });
});

describe('staff', () => {
  it.each(['olga@example.com', CARD, `a${'b'.repeat(99)}`, 'olga'])(
    'with the subject %s has a name for histories that is no personal data, and always the same (L2)',
    async (sub) => {
      const names = [1, 2].map(async () => (await authenticate(await bearer({ sub, roles: ['operator'] }))).actor);
      const [one = '', two] = await Promise.all(names);
      expect(two).toBe(one);
      expect(one).not.toMatch(/@|^\d+$/);
      const digest = createHash('sha256').update(sub).digest('hex').slice(0, 12);
      expect(one).toBe(sub.includes('@') || sub === CARD ? `staff-${digest}` : sub);
    },
  );

  it.each([
    ['/api/orders/mailed/approve', { reason: `asked by ${EMAIL}` }, 'reason'],
    ['/api/orders/mailed/reject', { reason: 'card 4111 1111-1111 1111' }, 'reason'],
    ['/api/sagas/order-mailed/steps/process_payment/resolve', { action: 'skip', reason: EMAIL }, 'reason'],
    [
      '/api/sagas/order-mailed/steps/process_payment/resolve',
      { action: 'skip', reason: 'r', requestId: EMAIL },
      'requestId',
    ],
    ['/api/sagas/resolve', { action: 'skip', reason: 'r', filter: {}, bulkId: CARD }, 'bulkId'],
  ])("puts no customer's data into a history: %s %j (L2)", async (path, body, field) => {
    const answer = await api.post(path, body, await bearer({ sub: 'olga', roles: ['admin'] }));
    expect(answer.body).toMatchObject({ code: 'InvalidRequest', errors: [{ field }] });
    expect(answer.text).not.toMatch(/c4nary|4111[ _-]?1111/);
  });
});

describe('an id', () => {
  it.each([CARD, '4111-1111-1111-1111', '4111_1111_1111_1111', '1234567890123', '0'.repeat(19), EMAIL])(
    'of an order cannot be %s (L2)',
    async (orderId) => {
      const answer = await api.post('/api/orders', { orderId, items }, await bearer({ sub: 'root', roles: ['admin'] }));
      expect(answer.body).toMatchObject({ code: 'InvalidRequest', errors: [{ field: 'orderId' }] });
      expect(answer.text).not.toContain(orderId);
      expect(JSON.stringify(api.log)).not.toContain(orderId);
    },
  );

  it('that looks like a card number is not taken as a correlation id (L2)', async () => {
    const answer = await api.request('GET', '/health/live', { headers: { 'x-correlation-id': CARD } });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('may have digits, if it is no card number', () => {
    for (const id of ['4711', '123456789012', '1'.repeat(20), 'A4111111111111111', crypto.randomUUID()]) {
      expect(looksLikeCardNumber(id)).toBe(false);
    }
  });
});

describe('a log line and a problem', () => {
  it.each([
    ['GET', `/api/orders/${EMAIL}`, '/api/orders/{orderId}'],
    ['GET', `/api/orders?customerId=${EMAIL}`, '/api/orders'],
    ['POST', `/api/orders/${CARD}/cancel`, '/api/orders/{orderId}/cancel'],
    ['GET', `/api/sagas/order-${CARD}/status?x=${EMAIL}`, '/api/sagas/{sagaId}/status'],
    ['POST', `/api/sagas/order-x/steps/${EMAIL}/resolve`, '/api/sagas/{sagaId}/steps/{step}/resolve'],
    ['GET', `/${EMAIL}/${CARD}`, 'unknown'],
    ['GET', '/api/orders/c4nary%FF', '/api/orders/{orderId}'],
    ['DELETE', `/api/orders/${EMAIL}`, '/api/orders/{orderId}'],
  ])('name the route of %s %s, never its path or query (L2)', async (method, path, route) => {
    const before = api.log.length;
    const init = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
    const signedIn = await bearer({ sub: 'root', roles: ['admin'] });
    const answer = await api.request(method, path, { ...init, headers: { ...init.headers, ...signedIn } });
    const refused = await api.request(method, path, init);
    expect(refused.text + (answer.status === 200 ? '' : answer.text)).not.toMatch(/c4nary|4111[ _-]?1111/);
    const lines = api.log.slice(before);
    expect(lines.map(({ req }) => req)).toEqual([1, 2].map(() => ({ method, path: route })));
    expect(JSON.stringify(lines)).not.toMatch(/c4nary|4111[ _-]?1111/);
  });

  it('repeat no key of a body that is not the name of a field (L2)', async () => {
    const body = { items, [EMAIL]: 1, [CARD]: 2, known: 3 };
    const answer = await api.post('/api/orders', body, await customer());
    expect(answer.body).toMatchObject({ errors: [{ field: '?' }, { field: '?' }, { field: 'known' }] });
    expect(answer.text).not.toMatch(/c4nary|4111[ _-]?1111/);
  });

  it('know the more exact of two routes', () => {
    expect(routePattern('/api/sagas/resolve')).toBe('/api/sagas/resolve');
    expect(routePattern('/api/sagas/')).toBe('/api/sagas');
    expect(routePattern('/')).toBe('unknown');
  });
});

describe('a text of staff', () => {
  it('is refused if it holds an e-mail address or a number with the check digit of cards', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 18 });
    fc.assert(
      fc.property(digits, fc.constantFrom('', ' ', '-'), (number, separator) => {
        const card = [...number, checkDigit(number)].join(separator);
        expect(holdsPersonalData(`see ${card}, please`)).toBe(true);
      }),
    );
    for (const text of ['a@b', 'write to olga@example.com.']) expect(holdsPersonalData(text)).toBe(true);
    for (const text of ['refund 4711 of 2026-11-28', 'claim 88-12', '@olga', '4111 1111 1111 1112', 'a @ b'])
      expect(holdsPersonalData(text)).toBe(false);
  });
});

/** The digit that makes the Luhn sum a multiple of ten. */
function checkDigit(digits: readonly number[]): number {
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const doubled = digit * (index % 2 === 0 ? 2 : 1);
    return total + Math.floor(doubled / 10) + (doubled % 10);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
