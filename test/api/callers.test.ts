/** Who a caller is, whatever its issuer calls it, and what the log says of it (A5, L4). */
import { createHash } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import type { TestEnv } from '../support/temporal.js';
import { runIssuer, type Issuer } from './issuer.js';
import { startJournalingWorker, type JournalingWorker } from './journaling-worker.js';
import { runApi, type Answer, type RunningApi } from './running-api.js';
import { theShop } from './shop.js';
import { createWarmServer } from './warm-server.js';

let temporal: TestEnv;
let issuer: Issuer;
let api: RunningApi;
let worker: JournalingWorker;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ITEMS = { items: [{ productId: '123', quantity: 1 }] };

beforeAll(async () => {
  temporal = await createWarmServer();
  issuer = await runIssuer();
  const apiKeys = [{ name: 'till', role: 'operator' as const, hash: sha256('the-key') }];
  const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys });
  api = await runApi({ temporal: temporal.client, more: { authenticate } });
  // An order that nobody works on is read only after its workflow was asked in vain.
  worker = await startJournalingWorker(temporal, api, theShop());
});
afterAll(async () => {
  await worker?.stop();
  await api?.close();
  await issuer?.close();
  await temporal?.close();
});

type Claims = Parameters<Issuer['token']>[0];
const as = async (claims: Claims): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await issuer.token(claims)}`,
});

const SUBJECTS = [
  '_x',
  'https://accounts.example.com/users/1?x=y',
  'a+b@example.com',
  'auth0|5f7c8ec7c33c6c004bbafe82',
  'x'.repeat(101),
  '~'.repeat(255),
  '5',
  '007',
  'Anna Maria Huber',
  "O'Hara; DROP TABLE orders",
  '{"a":1}',
  '../../etc',
  'constructor',
  '__proto__',
];

it.each(SUBJECTS)(
  '(A5) the subject %j orders, and reads and lists what it has ordered, as nobody else does',
  async (sub) => {
    const headers = await as({ sub });
    const placed = await api.post('/api/orders', ITEMS, { ...headers, 'idempotency-key': 'k' });
    expect(placed.status).toBe(202);
    const path = `/api/orders/${String(placed.body['orderId'])}`;
    expect((await api.request('GET', path, { headers })).body['customerId']).toBe(sub);
    const { body } = await api.request('GET', '/api/orders', { headers });
    expect((body['items'] as { orderId: string }[]).map(({ orderId }) => orderId)).toEqual([placed.body['orderId']]);
    const other = await as({ sub: `${sub.slice(0, 200)}.` });
    expect((await api.request('GET', path, { headers: other })).status).toBe(404);
    const staff = await as({ sub: 'olga', roles: ['operator'] });
    const found = await api.request('GET', `/api/orders?customerId=${encodeURIComponent(sub)}`, { headers: staff });
    expect(found.body['items']).toHaveLength(1);
    const repeated = await api.post('/api/orders', ITEMS, { ...headers, 'idempotency-key': 'k' });
    expect(repeated.headers.get('idempotency-replayed')).toBe('true');
  },
);

it.each([
  ['a number', 5, 'SubjectNotText'],
  ['a list', ['a'], 'SubjectNotText'],
  ['an object', { id: 1 }, 'SubjectNotText'],
  ['an empty text', '', 'SubjectNotAllowed'],
  ['256 characters', 'x'.repeat(256), 'SubjectNotAllowed'],
  ['a letter beyond ASCII', 'zoë', 'SubjectNotAllowed'],
  ['a control character', 'a\u0000b', 'SubjectNotAllowed'],
  ['a line break', 'a\n', 'SubjectNotAllowed'],
  ['blanks at its ends', ' a ', 'SubjectNotAllowed'],
])('(A5) a subject that is %s is refused with a reason, in the answer and in the log', async (_, sub, reason) => {
  const answer = await api.post('/api/orders', ITEMS, await as({ sub: sub as string }));
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ code: 'InvalidCredentials' });
  // The library takes no subject of another type than text itself.
  expect([reason, 'ClaimMissing', 'TokenMalformed']).toContain(answer.body['reason']);
  expect(lineOf(answer)).toMatchObject({ res: { status: 401 }, reason: answer.body['reason'] });
});

it.each([
  ['a list', ['customer', 'operator'], ['customer', 'operator']],
  ['one text', 'operator', ['operator']],
  ['a text with spaces, as OAuth has its scopes', 'openid operator  customer', ['customer', 'operator']],
  ['commas', 'customer,operator', []],
  ['another role of ours inside a word', 'operators', []],
  ['an object', { operator: true }, []],
  ['a number', 1, []],
  ['nothing', null, []],
])('(A5) roles as %s are read the one way', async (_, roles, expected) => {
  const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys: [] });
  expect((await authenticate(await as({ sub: 'x', roles }))).roles).toEqual(expected);
});

it('(A5) a role is never read from a prototype', async () => {
  for (const rolesClaim of ['__proto__.constructor.name', 'constructor.name', 'roles.length']) {
    const authenticate = createAuthenticate({ tokens: { ...issuer.options, rolesClaim }, apiKeys: [] });
    expect((await authenticate(await as({ roles: ['admin'] }))).roles).toEqual([]);
  }
});

describe('GET /api/caller', () => {
  const ask = async (headers: Record<string, string>) => (await api.request('GET', '/api/caller', { headers })).body;

  it('names a customer by its id, with `customer` as the actor, and until when its token counts (A5)', async () => {
    const body = await ask(await as({ sub: 'anna', exp: soon() + 600 }));
    expect(body).toEqual({ roles: ['customer'], actor: 'customer', customerId: 'anna', expiresAt: expect.any(String) });
    const ahead = Date.parse(String(body['expiresAt'])) - Date.now();
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(606_000);
  });

  it('shows staff under the name that histories have: an e-mail address never (rule 33)', async () => {
    const body = await ask(await as({ sub: 'olga@example.com', roles: ['operator'] }));
    expect(body).toMatchObject({ roles: ['operator'], customerId: null });
    expect(body['actor']).toBe(`staff-${sha256('olga@example.com').slice(0, 12)}`);
    expect(await ask({ 'x-api-key': 'the-key' })).toEqual({
      roles: ['operator'],
      actor: 'till',
      customerId: null,
      expiresAt: null,
    });
  });
});

/** The one line of the log that tells of this request. */
function lineOf({ headers }: Answer): Record<string, unknown> {
  const id = headers.get('x-correlation-id');
  const lines = api.log.filter((line) => line['correlationId'] === id && 'responseTime' in line);
  expect(lines).toHaveLength(1);
  return lines[0] ?? {};
}

const soon = (): number => Math.floor(Date.now() / 1_000);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** The reason, who the log says it was, and what was sent. */
const DENIED: [reason: string, who: string | undefined, headers: () => Promise<Record<string, string>>][] = [
  ['NoCredentials', undefined, async () => ({})],
  ['TwoCredentials', undefined, async () => ({ ...(await as({})), 'x-api-key': 'the-key' })],
  ['NotBearer', undefined, async () => ({ authorization: 'Basic YTpi' })],
  ['UnknownApiKey', undefined, async () => ({ 'x-api-key': 'another' })],
  ['TokenMalformed', undefined, async () => bearer('garbage')],
  ['TokenExpired', 'sub:mia@example.com', () => as({ sub: 'mia@example.com', exp: soon() - 600 })],
  ['TokenNotYetValid', 'sub:mia@example.com', () => as({ sub: 'mia@example.com', nbf: soon() + 600 })],
  ['WrongAudience', 'sub:mia@example.com', () => as({ sub: 'mia@example.com', aud: 'another' })],
  ['WrongIssuer', 'sub:mia@example.com', () => as({ sub: 'mia@example.com', iss: 'https://evil.test/' })],
  ['ClaimMissing', 'sub:mia@example.com', () => as({ sub: 'mia@example.com', exp: undefined })],
  [
    'AlgorithmNotAllowed',
    undefined,
    async () => bearer(await issuer.token({}, { alg: 'HS256', key: issuer.publicKey })),
  ],
  [
    'BadSignature',
    undefined,
    async () => bearer(await issuer.token({}, { key: (await generateKeyPair('ES256')).privateKey })),
  ],
];

it.each(DENIED)(
  '(L4) a 401 says %s in its document, its challenge and its line of the log',
  async (reason, who, headers) => {
    const sent = await headers();
    const answer = await api.request('GET', '/api/orders', { headers: sent });
    expect(answer.status).toBe(401);
    expect(answer.body['reason']).toBe(reason);
    const challenge =
      reason === 'NoCredentials' ? 'Bearer' : `Bearer error="invalid_token", error_description="${reason}"`;
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
    const line = lineOf(answer);
    expect(line).toMatchObject({ reason, res: { status: 401 } });
    expect(line['caller']).toEqual(who === undefined ? undefined : { hash: sha256(who).slice(0, 16) });
    expect(JSON.stringify([api.log, answer.text])).not.toMatch(/mia|example\.com|the-key|eyJ/);
  },
);

it('(L4) a 403 says its reason and who it was', async () => {
  const headers = await as({ sub: 'mia@example.com' });
  const hash = sha256('sub:mia@example.com').slice(0, 16);
  const denied = await api.request('GET', '/api/sagas', { headers });
  expect([denied.status, denied.body['reason']]).toEqual([403, 'RoleMissing']);
  expect(lineOf(denied)).toMatchObject({ reason: 'RoleMissing', caller: { hash, roles: ['customer'] } });
  const others = await api.request('GET', '/api/orders?customerId=bob', { headers });
  expect([others.status, others.body['reason']]).toEqual([403, 'OtherCustomer']);
  expect(lineOf(others)).toMatchObject({ reason: 'OtherCustomer', caller: { hash } });
});

it('(L4) each request names its caller in the log: by hash and roles, and a machine by the name of its key', async () => {
  const read = await api.request('GET', '/api/orders', { headers: await as({ sub: 'mia@example.com' }) });
  expect(lineOf(read)).toMatchObject({
    res: { status: 200 },
    caller: { hash: sha256('sub:mia@example.com').slice(0, 16), roles: ['customer'] },
  });
  const machine = await api.request('GET', '/api/sagas', { headers: { 'x-api-key': 'the-key' } });
  expect(lineOf(machine)).toMatchObject({ res: { status: 200 }, caller: { key: 'till', roles: ['operator'] } });
  expect(JSON.stringify(api.log)).not.toMatch(/mia|example\.com|the-key|eyJ/);
});

it('(L4) with authentication off, every caller is anybody in the log', async () => {
  const open = await runApi({ temporal: temporal.client });
  await open.request('GET', '/api/orders');
  expect(open.log.at(-1)).toMatchObject({ caller: { hash: sha256('anybody').slice(0, 16) } });
  await open.close();
});
