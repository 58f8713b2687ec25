/** Who may do what: every operation of the OpenAPI document with every kind of caller. */
import { createHash } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import { openApiDocument } from '../../src/api/docs/openapi.js';
import { OPERATIONS as ALL } from '../../src/api/operations.js';
import type { TestEnv } from '../support/temporal.js';
import { runIssuer, type Issuer } from './issuer.js';
import { runApi, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';
import { type ApiKey, type Role, ROLES } from '../../src/caller.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly roles: readonly Role[];
  readonly body: unknown;
}

/** Those with `x-roles`, as the document has them. */
const OPERATIONS: [name: string, operation: Operation][] = Object.entries(openApiDocument().paths ?? {})
  .flatMap(([path, item]) =>
    Object.entries(item as Record<string, Record<string, unknown>>).flatMap(([method, described]) => {
      const roles = described['x-roles'] as readonly Role[] | undefined;
      const content = described['requestBody'] as { content: Record<string, { example: unknown }> } | undefined;
      const body = content?.content['application/json']?.example;
      return roles
        ? [[String(described['operationId']), { method: method.toUpperCase(), path, roles, body }] as const]
        : [];
    }),
  )
  .map(([name, operation]) => [name, operation]);

const ORDER = { orderId: 'alices', customerId: 'alice', items: [{ productId: '123', quantity: 1 }] };

let temporal: TestEnv;
let issuer: Issuer;
let api: RunningApi;
const cells = new Map<string, Map<string, number>>();

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
const apiKeys: ApiKey[] = ROLES.map((role) => ({
  name: role === 'customer' ? 'alice' : role,
  role,
  hash: hash(`key-${role}`),
}));

beforeAll(async () => {
  temporal = await createWarmServer();
  issuer = await runIssuer();
  const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys });
  api = await runApi({ temporal: temporal.client, more: { authenticate } });
  const headers = { authorization: `Bearer ${await issuer.token({ sub: 'root', roles: ['admin'] })}` };
  expect((await api.post('/api/orders', ORDER, headers)).status).toBe(202);
  // What steers it is answered at once, without a worker: it has ended.
  await temporal.client.workflow.getHandle('order-alices').terminate('the test ends it');
});

afterAll(async () => {
  printMatrix();
  await api?.close();
  await issuer?.close();
  await temporal?.close();
});

/** Sends the operation for Alice's order as the caller; a stream only tells its head. */
async function send({ method, path, body }: Operation, caller: string, headers: Record<string, string>) {
  const place = path
    .replace('{orderId}', 'alices')
    .replace('{sagaId}', 'order-alices')
    .replace('{step}', 'process_payment');
  const answer = await api.request(place.endsWith('/stream') ? 'HEAD' : method, place, {
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const row = cells.get(`${method} ${path}`) ?? new Map<string, number>();
  cells.set(`${method} ${path}`, row.set(caller, answer.status));
  return answer;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Made of parts, as no library would sign it. */
const unsigned = (claims: object): string =>
  [{ alg: 'none', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.') + '.';

const soon = (): number => Math.floor(Date.now() / 1_000) + 300;

const NOBODY: [caller: string, code: string, headers: () => Promise<Record<string, string>>][] = [
  ['no credentials', 'Unauthenticated', async () => ({})],
  ['expired', 'InvalidCredentials', async () => bearer(await issuer.token({ exp: soon() - 600 }))],
  ['never expiring', 'InvalidCredentials', async () => bearer(await issuer.token({ exp: undefined }))],
  ['not valid yet', 'InvalidCredentials', async () => bearer(await issuer.token({ nbf: soon() }))],
  ['wrong audience', 'InvalidCredentials', async () => bearer(await issuer.token({ aud: 'another' }))],
  ['wrong issuer', 'InvalidCredentials', async () => bearer(await issuer.token({ iss: 'https://evil.test/' }))],
  ['no subject', 'InvalidCredentials', async () => bearer(await issuer.token({ sub: undefined }))],
  ['subject that is no id', 'InvalidCredentials', async () => bearer(await issuer.token({ sub: 'zoë' }))],
  [
    'alg: none',
    'InvalidCredentials',
    async () => {
      const { issuer: iss, audience: aud } = issuer.options;
      return bearer(unsigned({ iss, aud, sub: 'alice', roles: ['admin'], exp: soon() }));
    },
  ],
  [
    'signed with the public key as a secret',
    'InvalidCredentials',
    async () => bearer(await issuer.token({ roles: ['admin'] }, { alg: 'HS256', key: issuer.publicKey })),
  ],
  [
    'signed by somebody else',
    'InvalidCredentials',
    async () => bearer(await issuer.token({}, { key: (await generateKeyPair('ES256')).privateKey })),
  ],
  [
    'changed after it was signed',
    'InvalidCredentials',
    async () => {
      const [head, , signature] = (await issuer.token()).split('.');
      const { issuer: iss, audience: aud } = issuer.options;
      const claims = { iss, aud, sub: 'alice', roles: ['admin'], exp: soon() };
      return bearer([head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'));
    },
  ],
  ['garbage', 'InvalidCredentials', async () => bearer('garbage')],
  ['basic', 'InvalidCredentials', async () => ({ authorization: 'Basic YTpi' })],
  ['unknown API key', 'InvalidCredentials', async () => ({ 'x-api-key': 'key-nobody' })],
  ['the hash of an API key', 'InvalidCredentials', async () => ({ 'x-api-key': hash('key-admin') })],
  [
    'token and API key',
    'InvalidCredentials',
    async () => ({ ...bearer(await issuer.token()), 'x-api-key': 'key-admin' }),
  ],
];

const KNOWN: [caller: string, roles: readonly Role[], headers: () => Promise<Record<string, string>>][] = [
  ['no role', [], async () => bearer(await issuer.token({ roles: ['boss'] }))],
  ['customer', ['customer'], async () => bearer(await issuer.token())],
  ['operator', ['operator'], async () => bearer(await issuer.token({ sub: 'olga', roles: ['operator'] }))],
  ['admin', ['admin'], async () => bearer(await issuer.token({ sub: 'root', roles: ['customer', 'admin'] }))],
  ...ROLES.map((role): [string, readonly Role[], () => Promise<Record<string, string>>] => [
    `${role}'s API key`,
    [role],
    async () => ({ 'x-api-key': `key-${role}` }),
  ]),
];

const state = async (): Promise<unknown> => {
  const { events } = await temporal.client.workflow.getHandle('order-alices').fetchHistory();
  return [await api.rows(), await api.sql('SELECT * FROM orders'), events?.length];
};

it('covers every operation that is for callers with a role: all but the two of health', () => {
  const open = ALL.filter(({ roles }) => roles === undefined).map(({ id }) => id);
  expect(open.sort()).toEqual(['live', 'ready']);
  expect(OPERATIONS.map(([name]) => name).sort()).toEqual(ALL.flatMap(({ id, roles }) => (roles ? [id] : [])).sort());
});

describe.each(OPERATIONS)('%s', (_name, operation) => {
  it.each(NOBODY)('with %s: 401 %s, and nothing happens', async (caller, code, headers) => {
    const before = await state();
    const answer = await send(operation, caller, await headers());
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    if (!operation.path.endsWith('/stream')) expect(answer.body).toMatchObject({ code });
    expect(await state()).toEqual(before);
  });

  it.each(KNOWN)('as %s: as the document says', async (caller, roles, headers) => {
    const { status } = await send(operation, caller, await headers());
    if (roles.some((role) => operation.roles.includes(role))) expect([200, 201, 202, 409]).toContain(status);
    else expect(status).toBe(403);
  });

  it('as another customer: what is not theirs is not there', async () => {
    const before = await state();
    const answer = await send(operation, 'another customer', bearer(await issuer.token({ sub: 'bob' })));
    if (!operation.roles.includes('customer')) expect(answer.status).toBe(403);
    else if (operation.path.includes('{')) expect(answer.status).toBe(404);
    else expect(answer.status).toBeLessThan(300);
    expect(answer.text).not.toContain('alice');
    if (operation.path.includes('{')) expect(await state()).toEqual(before);
  });
});

describe('a customer', () => {
  const alice = async () => bearer(await issuer.token());
  const bob = async () => bearer(await issuer.token({ sub: 'bob' }));

  it('orders for itself, and for no other customer', async () => {
    const { items } = ORDER;
    const own = await api.post('/api/orders', { items }, await bob());
    expect((await api.orders.get(String(own.body['orderId'])))?.customerId).toBe('bob');
    const others = await api.post('/api/orders', { items, customerId: 'alice' }, await bob());
    expect([others.status, others.body['code']]).toEqual([403, 'Forbidden']);
  });

  it('cannot take over the order of another by its id, nor its idempotency key', async () => {
    const { items } = ORDER;
    const same = await api.post('/api/orders', { orderId: 'alices', items }, await bob());
    expect([same.status, same.body['code']]).toEqual([403, 'OrderIdNotAllowed']);
    const key = { 'idempotency-key': 'both' };
    const [hers, his] = [
      await api.post('/api/orders', { items }, { ...(await alice()), ...key }),
      await api.post('/api/orders', { items }, { ...(await bob()), ...key }),
    ];
    expect([hers.status, his.status]).toEqual([202, 202]);
    expect(his.body['orderId']).not.toBe(hers.body['orderId']);
  });

  it('may not choose the id of an order, and hears nothing of which exist (P7)', async () => {
    const { items } = ORDER;
    const answers = await Promise.all(
      ['alices', 'free-id'].map(async (orderId) => api.post('/api/orders', { orderId, items }, await bob())),
    );
    const told = answers.map(({ status, body: { correlationId: _id, ...body } }) => ({ status, body }));
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).toMatchObject({ status: 403, body: { code: 'OrderIdNotAllowed' } });
    expect(await api.orders.get('free-id')).toBeUndefined();
    // Its own order it may name again, as a 503 tells it to.
    const own = await api.post('/api/orders', { items }, await bob());
    const again = await api.post('/api/orders', { items, orderId: own.body['orderId'] }, await bob());
    expect([again.status, again.body['orderId']]).toEqual([200, own.body['orderId']]);
    // Machines and staff name orders.
    const machine = { 'x-api-key': 'key-customer' };
    expect((await api.post('/api/orders', { orderId: 'by-a-machine', items }, machine)).status).toBe(202);
  });

  it('lists its own orders, and may not ask for those of another', async () => {
    const { body } = await api.request('GET', '/api/orders', { headers: await alice() });
    const owners = (body['items'] as { customerId: string }[]).map(({ customerId }) => customerId);
    expect(new Set(owners)).toEqual(new Set(['alice']));
    const others = await api.request('GET', '/api/orders?customerId=bob', { headers: await alice() });
    expect(others.status).toBe(403);
  });

  it('acts under its own name: the body cannot give another', async () => {
    const answer = await api.post('/api/orders/alices/cancel', { reason: 'other', actor: 'root' }, await alice());
    expect(answer.body).toMatchObject({ code: 'InvalidRequest', errors: [{ field: 'actor' }] });
  });
});

describe('credentials', () => {
  it('are not needed for health and documentation', async () => {
    for (const path of ['/health/live', '/health/ready', '/openapi.json', '/docs', '/problems']) {
      expect((await api.request('GET', path)).status).toBe(200);
    }
  });

  it('never get into the log (rule 33)', async () => {
    const token = await issuer.token({ aud: 'another' });
    await api.request('GET', '/api/orders', { headers: bearer(token) });
    await api.request('GET', '/api/orders', { headers: { 'x-api-key': 'key-admin' } });
    expect(JSON.stringify(api.log)).not.toContain(token);
    expect(JSON.stringify(api.log)).not.toContain('key-admin');
  });

  it('that cannot be checked, because the issuer is away, are 503 and not 401', async () => {
    const other = await runIssuer();
    other.goAway();
    const authenticate = createAuthenticate({ tokens: other.options, apiKeys: [] });
    await expect(authenticate({ authorization: `Bearer ${await other.token()}` })).rejects.toMatchObject({
      code: 'IdentityUnavailable',
    });
    await other.close();
  });

  it('name roles in a claim of any name, also inside another', async () => {
    const nested = createAuthenticate({ tokens: { ...issuer.options, rolesClaim: 'realm.roles' }, apiKeys: [] });
    const named = createAuthenticate({
      tokens: { ...issuer.options, rolesClaim: 'https://shop.test/role' },
      apiKeys: [],
    });
    const claims = { realm: { roles: ['operator'] }, 'https://shop.test/role': 'admin' };
    const authorization = `Bearer ${await issuer.token(claims)}`;
    expect(await nested({ authorization })).toMatchObject({ roles: ['operator'], customerId: undefined });
    expect(await named({ authorization })).toMatchObject({ roles: ['admin'], actor: 'alice' });
  });
});

/** One line for each operation, one column for each caller. */
function printMatrix(): void {
  const callers = [...NOBODY.map(([caller]) => caller), ...KNOWN.map(([caller]) => caller), 'another customer'];
  const width = Math.max(...[...cells.keys()].map((name) => name.length));
  const heading = callers.map((caller, index) => `  ${String(index + 1).padStart(2)} ${caller}`);
  const lines = [...cells].map(
    ([name, row]) => `${name.padEnd(width)} ${callers.map((caller) => row.get(caller) ?? '   ').join(' ')}`,
  );
  process.stdout.write(`Authorization matrix, by caller:\n${[...heading, ...lines].join('\n')}\n`);
}
