/** What a web page may do, of an allowed origin (A4) and of any other (A12). */
import { request as send } from 'node:http';
import { createHash } from 'node:crypto';
import { createAuthenticate } from '../../../src/api/http/authenticate.js';
import type { TestEnv } from '../../support/temporal.js';
import { runApi, type RunningApi } from '../running-api.js';
import { createWarmServer } from '../warm-server.js';

const SHOP = 'https://shop.example.com';
const KEY = { 'x-api-key': 'key' };
const ORDER = JSON.stringify({ items: [{ productId: '123', quantity: 1 }] });
const JSON_TYPE = { 'content-type': 'application/json' };

let temporal: TestEnv;
let open: RunningApi;
let closed: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  const hash = createHash('sha256').update('key').digest('hex');
  const authenticate = createAuthenticate({ apiKeys: [{ name: 'k', role: 'admin', hash }] });
  const hosts = ['localhost', '127.0.0.1', '[::1]'];
  const origins = [SHOP, 'capacitor://localhost'];
  open = await runApi({ temporal: temporal.client, more: { authenticate, hosts, origins } });
  closed = await runApi({ temporal: temporal.client, more: { hosts } });
});
afterAll(async () => {
  await Promise.all([open?.close(), closed?.close()]);
  await temporal?.close();
});

type Sent = Record<string, string>;

/** Past `fetch`, which sends a host and origin of its own. */
function ask(api: RunningApi, method: string, path: string, headers: Sent = {}, body = '') {
  return new Promise<{ status: number; headers: Sent; body: Record<string, unknown> }>((resolve, reject) => {
    const length = method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
    const sent = send(`${api.url}${path}`, { method, headers: { ...length, ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => {
        const parsed = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers as Sent, body: parsed });
      });
    });
    sent.on('error', reject).end(body);
  });
}

const preflight = (api: RunningApi, origin: string, path = '/api/orders') =>
  ask(api, 'OPTIONS', path, { origin, 'access-control-request-method': 'POST' });

describe('a page of an allowed origin (A4)', () => {
  it.each([SHOP, 'capacitor://localhost'])(
    '(A4) of %s gets its preflight answered before authentication',
    async (origin) => {
      for (const path of ['/api/orders', '/api/sagas/order-1/stream', '/api/orders/1/cancel']) {
        const { status, headers } = await preflight(open, origin, path);
        expect(status).toBe(204);
        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['access-control-allow-methods']).toBe('GET, HEAD, POST, PATCH, DELETE');
        expect(headers['access-control-allow-headers']).toMatch(
          /authorization.*idempotency-key.*if-match.*last-event-id/,
        );
        expect(headers['access-control-allow-credentials']).toBeUndefined();
        expect(headers['vary']).toMatch(/Origin/);
      }
    },
  );

  it('(A4) places an order and reads its address; refusals are readable as well', async () => {
    const placed = await ask(open, 'POST', '/api/orders', { origin: SHOP, ...KEY, ...JSON_TYPE }, ORDER);
    expect([placed.status, placed.headers['access-control-allow-origin']]).toEqual([202, SHOP]);
    const exposed = placed.headers['access-control-expose-headers'] ?? '';
    for (const name of ['Location', 'Retry-After', 'ETag', 'Idempotency-Replayed', 'x-correlation-id', 'RateLimit']) {
      expect(exposed).toContain(name);
    }
    const refused = await ask(open, 'GET', '/api/orders', { origin: SHOP });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, SHOP]);
  });

  it('(A4) has answers of its own in caches, also if no origin was sent', async () => {
    expect((await ask(open, 'GET', '/api/orders', KEY)).headers['vary']).toMatch(/Origin/);
  });

  it.each([
    'https://shop.example.com.evil.test',
    'http://shop.example.com',
    'https://shop.example.com:8443',
    'https://SHOP.example.com',
    'https://evil.test',
    'null',
    'nonsense',
  ])('(A4) is not one of %s', async (origin) => {
    const asked = await preflight(open, origin);
    expect([asked.status, asked.body['code']]).toEqual([403, 'OriginNotAllowed']);
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    const read = await ask(open, 'GET', '/api/orders', { origin, ...KEY });
    expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const posted = await ask(open, 'POST', '/api/orders', { origin, ...KEY, ...JSON_TYPE }, ORDER);
    expect([posted.status, posted.body['reason']]).toEqual([403, 'OriginNotAllowed']);
  });
});

describe('a page of any other origin (A12)', () => {
  const FOREIGN: [what: string, headers: Sent][] = [
    ['another origin', { origin: 'https://evil.test' }],
    ['another port of this machine', { origin: 'http://localhost:3000' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a cross-site request without an origin', { 'sec-fetch-site': 'cross-site' }],
    ['a same-site request without an origin', { 'sec-fetch-site': 'same-site' }],
  ];
  it.each(FOREIGN)('(A12) cannot order: %s', async (_, headers) => {
    for (const type of [JSON_TYPE, { 'content-type': 'text/plain' }]) {
      const answer = await ask(closed, 'POST', '/api/orders', { ...headers, ...type }, ORDER);
      expect([answer.status, answer.body['code']]).toEqual([403, 'OriginNotAllowed']);
    }
    expect(await closed.rows()).toEqual([]);
  });

  it.each(['evil.test', 'evil.test:8000', 'localhost.evil.test', '127.0.0.1.nip.io', '[::2]', '0.0.0.0'])(
    '(A12) cannot point its own name at this machine: Host %j is 421',
    async (host) => {
      for (const path of ['/api/orders', '/openapi.json', '/health/live']) {
        const answer = await ask(closed, 'GET', path, { host, origin: `http://${host}` });
        expect([answer.status, answer.body['code']]).toEqual([421, 'HostNotAllowed']);
      }
    },
  );

  it.each(['localhost', 'LOCALHOST:8000', '127.0.0.1', '127.0.0.1:1', '[::1]:8000'])(
    '(A12) the name %s is that of this machine',
    async (host) => {
      expect((await ask(closed, 'GET', '/api/orders', { host })).status).toBe(200);
    },
  );

  it('(A12) our own page, and what is no browser, order as ever', async () => {
    const { host } = new URL(closed.url);
    for (const headers of [
      {},
      { origin: `http://${host}` },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ]) {
      const answer = await ask(closed, 'POST', '/api/orders', { ...(headers as Sent), ...JSON_TYPE }, ORDER);
      expect(answer.status).toBe(202);
    }
  });
});
