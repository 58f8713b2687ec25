/**
 * Canaries: 50 orders with every kind of secret and personal data in them, and then none of it is anywhere but in the
 * tables of the orders and the services (L1, L2, rule 33).
 */
import { createHash, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createClient } from '@redis/client';
import { isRunning } from '../../src/local/machine/processes.js';
import { runIssuer, type Issuer } from '../api/issuer.js';
import { build, startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer, kafkaTool } from '../support/stores/kafka.js';
import { kurrentServer } from '../support/stores/kurrentdb.js';
import { mongoServer } from '../support/stores/mongodb.js';
import { redisServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';
import { blindSpotsOf } from './controls.js';
import { kurrentOf, leaksIn, logsIn, mongoOf, redisOf, tablesOf, temporalOf, type Haystacks } from './haystacks.js';
import { startWrongly } from './wrong-settings.js';

const missing = ['TEST_REDIS', 'TEST_KAFKA', 'TEST_MONGODB'].filter((name) => process.env[name] === undefined);
const suite = missing.length === 0 ? describe : describe.skip;

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-canary-'));
const unique = (kind: string): string => `c4nary${kind}${randomInt(2 ** 32).toString(36)}`;

/** By what each is. Each value is unique, so that a leak names its source. */
const secrets = new Map<string, string>();
function secret(kind: string, value = unique('')): string {
  secrets.set(kind, value);
  return value;
}

const CARD = secret('card number', `4${randomInt(10 ** 12, 10 ** 13 - 1)}`);
const EMAIL = `${secret('e-mail address of a customer')}@example.com`;
const STAFF = `${secret('e-mail address of staff')}@example.com`;
const KEY = secret('API key');
const REDIS_PASSWORD = `${secret('password of Redis')}/@:#?%`;
const KURRENT_PASSWORD = `${secret('password of KurrentDB')}-p`;
const PAYMENT = `pm_${secret('payment token')}`;
/** No secret: it is in what every process writes of an order, and must be found there. */
const MARKER = `harmless-${randomInt(2 ** 32).toString(36)}`;
const COMMENT = `${secret("customer's free text")}, says ${EMAIL}`;
const address = {
  name: `${secret('name')} Doe`,
  street: `${secret('street')} 7`,
  city: secret('city'),
  postalCode: '1010',
  country: 'AT',
};

const stores: StoreServer[] = [];
let issuer: Issuer;
let system: RunningSystem;
let urls: { readonly redis: string; readonly mongo: string; readonly kafka: string; readonly kurrent: string };
const orders: string[] = [];
let terminalOfWrongSettings: string;

const bearer = async (sub: string, role: string) => {
  const token = await issuer.token({ sub, roles: [role] });
  secrets.set(`token of ${role}`, token);
  return { authorization: `Bearer ${token}` };
};
const customer = () => bearer(EMAIL, 'customer');
const operator = () => bearer(STAFF, 'operator');

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url.replace('localhost', '127.0.0.1'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const api = (route: string): string => `${system.urlOf('api')}${route}`;

const ORDER = { paymentMethod: PAYMENT, shippingAddress: address, items: [{ productId: '123', quantity: 1 }] };

async function place(count: number, more: object = {}): Promise<string[]> {
  const placed: string[] = [];
  for (let number = 0; number < count; number++) {
    const headers = { ...(await customer()), 'x-correlation-id': MARKER };
    const { status, text } = await post(api('/api/orders'), { ...ORDER, ...more }, headers);
    expect([status, text]).toEqual([202, expect.any(String)]);
    placed.push((JSON.parse(text) as { orderId: string }).orderId);
  }
  orders.push(...placed);
  return placed;
}

const arm = (service: string, fault: object) => post(`${system.urlOf(service)}/api/test/fail-next-request`, fault);

async function produce(commands: readonly object[]): Promise<void> {
  const line = `--topic saga-commands --bootstrap-server ${urls.kafka}`;
  await kafkaTool(
    'kafka-console-producer',
    line.split(' '),
    commands.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
}

/** What is refused is not logged either. */
async function beRefused(): Promise<void> {
  const refusals = await Promise.all([
    post(api('/api/orders'), ORDER, { 'x-api-key': secret('wrong API key') }),
    post(api('/api/orders'), ORDER, { authorization: `Bearer ${secret('wrong token')}.x.y` }),
    post(api('/api/orders'), ORDER, { authorization: `Basic ${Buffer.from(secret('basic user')).toString('base64')}` }),
    post(api('/api/orders'), { ...ORDER, orderId: CARD }, await operator()),
    post(api('/api/orders'), { ...ORDER, orderId: EMAIL, [EMAIL]: CARD }, await operator()),
    post(api(`/api/orders/${EMAIL}/cancel?card=${CARD}`), { reason: COMMENT }, await customer()),
    post(api(`/api/orders/${CARD}/cancel`), { reason: 'other', actor: EMAIL }, await customer()),
    post(api(`/api/sagas/order-x/steps/${EMAIL}/resolve`), { action: 'skip', reason: EMAIL }, await operator()),
  ]);
  for (const { status, text } of refusals) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(leaksIn(new Map([['answer', text]]), secrets)).toEqual([]);
  }
}

async function cancelSome(): Promise<void> {
  await arm('shipping', { mode: 'unavailable', times: 1_000 });
  const cancelled = await place(8);
  const byKafka = cancelled.slice(4);
  await Promise.all(
    cancelled.slice(0, 4).map(async (orderId) => {
      const cancel = async () =>
        await post(
          api(`/api/orders/${orderId}/cancel`),
          { reason: 'changed_mind', comment: COMMENT },
          await customer(),
        );
      await eventually(`the cancel of ${orderId}`, 60_000, async () => (await cancel()).status === 200);
    }),
  );
  await produce([
    ...byKafka.map((sagaId) => ({ sagaId, command: 'CancelOrder', reason: 'other', comment: COMMENT })),
    { sagaId: 'by-kafka', command: 'StartOrder', customerId: EMAIL, ...ORDER },
    { sagaId: CARD, command: 'StartOrder', customerId: EMAIL, ...ORDER },
    { sagaId: 'refused', command: 'StartOrder', customerId: EMAIL, ...ORDER, [EMAIL]: CARD },
    { sagaId: EMAIL, command: 'CancelOrder', reason: COMMENT, actor: EMAIL, commandId: EMAIL, correlationId: EMAIL },
  ]);
  orders.push('by-kafka');
  await fetch(`${system.urlOf('shipping').replace('localhost', '127.0.0.1')}/api/test/faults`, { method: 'DELETE' });
}

async function decideSome(): Promise<void> {
  const dear = await place(6, { items: [{ productId: '123', quantity: 100 }] });
  for (const [index, orderId] of dear.entries()) {
    const decision = index < 3 ? 'approve' : 'reject';
    const decide = async () =>
      await post(api(`/api/orders/${orderId}/${decision}`), { reason: 'known customer' }, await operator());
    await eventually(`the decision on ${orderId}`, 60_000, async () => (await decide()).status === 200);
  }
}

const portIn = (pattern: RegExp): string => pattern.exec(system.lines.join('\n'))?.[1] ?? '';

async function everything(): Promise<Haystacks> {
  const sagaIds = orders.map((orderId) => `order-${orderId}`);
  const topic = `--topic saga-events --from-beginning --bootstrap-server ${urls.kafka} --timeout-ms 6000 --property print.headers=true --property print.key=true`;
  const metrics = {
    worker: portIn(/worker +up.*metrics http:\/\/localhost:(\d+)/),
    relay: portIn(/relay +up.*metrics http:\/\/localhost:(\d+)/),
    background: portIn(/background +up.*metrics http:\/\/localhost:(\d+)/),
    api: new URL(system.urlOf('api')).port,
  };
  const shown = system.lines.filter((line) => !line.includes('DATABASE_URL')).join('\n');
  return new Map([
    ...logsIn(path.join(dataDir, 'logs')),
    ...(await temporalOf(`127.0.0.1:${portIn(/temporal +up +127\.0\.0\.1:(\d+)/)}`)),
    ...(await tablesOf(system.databaseUrl(), 'journal')),
    ...(await redisOf(urls.redis)),
    ...(await mongoOf(urls.mongo)),
    ...(await kurrentOf(urls.kurrent, sagaIds)),
    ['Kafka', await kafkaTool('kafka-console-consumer', topic.split(' '))],
    ['terminal', shown],
    ['terminal of wrong settings', terminalOfWrongSettings],
    ...(await Promise.all(
      Object.entries(metrics).map(
        async ([name, port]) =>
          [`metrics of ${name}`, await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()] as const,
      ),
    )),
  ]);
}

suite(`canaries${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  beforeAll(async () => {
    build();
    issuer = await runIssuer();
    const [redis, mongo, kafka, kurrent] = await Promise.all([
      redisServer(),
      mongoServer(),
      kafkaServer(),
      kurrentServer(() => 2 ** 20),
    ]);
    stores.push(redis, mongo, kafka, kurrent);
    await Promise.all(stores.map((server) => server.start()));
    const admin = createClient({ url: redis.url });
    await admin.connect();
    await admin.configSet('requirepass', REDIS_PASSWORD);
    admin.destroy();
    urls = {
      redis: redis.url.replace('//', `//:${encodeURIComponent(REDIS_PASSWORD)}@`),
      mongo: mongo.url,
      kafka: kafka.url,
      kurrent: kurrent.url.replace('//', `//admin:${encodeURIComponent(KURRENT_PASSWORD)}@`),
    };
    const { jwksUrl, issuer: name, audience } = issuer.options;
    system = startSystem(dataDir, {
      REDIS_URL: urls.redis,
      MONGODB_URL: urls.mongo,
      KAFKA_BROKERS: urls.kafka,
      KURRENTDB_URL: urls.kurrent,
      AUTH_JWKS_URL: jwksUrl,
      AUTH_ISSUER: name,
      AUTH_AUDIENCE: audience,
      AUTH_API_KEYS: `till:operator:${createHash('sha256').update(KEY).digest('hex')}`,
      SAGA_APPROVAL_ABOVE: '1000.00 EUR',
      LOG_LEVEL: 'debug',
    });
    await system.line(/^ +logs/);
    secrets.set('password of PostgreSQL', readFileSync(path.join(dataDir, 'postgres-password'), 'utf8').trim());
  }, 300_000);

  afterAll(async () => {
    if (system && isRunning(system.pid)) system.ctrlC();
    await system?.ended;
    await Promise.all([issuer?.close(), ...stores.map((server) => server.close())]);
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);

  it('of 50 orders, refused requests and wrong settings are in no log, history, event, sink or metric', async () => {
    terminalOfWrongSettings = await startWrongly(secret('password in wrong settings'));
    await place(20);
    await arm('payment', { times: 8 });
    await place(8);
    await place(6, { shippingAddress: { ...address, country: 'AQ' } });
    await beRefused();
    await cancelSome();
    await decideSome();
    const [byKey] = [await post(api('/api/orders'), { ...ORDER, customerId: EMAIL }, { 'x-api-key': KEY })];
    expect(byKey.status).toBe(202);
    orders.push((JSON.parse(byKey.text) as { orderId: string }).orderId);
    expect(orders).toHaveLength(50);
    const headers = await operator();
    const states = new Map<string, number>();
    for (const orderId of orders) {
      const state = await eventually(`the end of ${orderId}`, 60_000, async () => {
        const answer = await fetch(api(`/api/sagas/order-${orderId}/status`).replace('localhost', '127.0.0.1'), {
          headers,
        });
        const found = answer.status === 200 ? ((await answer.json()) as { state: string }).state : '';
        return ['COMPLETED', 'FAILED', 'CANCELLED'].includes(found) && found;
      });
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    expect([...states.keys()].sort()).toEqual(['CANCELLED', 'COMPLETED', 'FAILED']);
    const haystacks = await eventually('all sinks to have the last order', 60_000, async () => {
      const found = await everything();
      return (
        ['Redis', 'MongoDB', 'KurrentDB', 'Kafka'].every((sink) => found.get(sink)?.includes(orders.at(-1) ?? '')) &&
        found
      );
    });

    // What must be found is found, in each source.
    expect(blindSpotsOf(haystacks, { correlationId: MARKER, orderId: orders[0] ?? '' })).toEqual([]);
    expect(leaksIn(new Map([['log', `x ${COMMENT.toUpperCase()} y`]]), secrets)).toContain("log: customer's free text");
    // The owner's table has them: they were really sent.
    const own = await tablesOf(system.databaseUrl(), 'unwind');
    expect(leaksIn(own, secrets)).toEqual(
      expect.arrayContaining(
        ['street', "customer's free text", 'payment token'].map((kind) => `table unwind.orders: ${kind}`),
      ),
    );

    expect(leaksIn(haystacks, secrets)).toEqual([]);
  }, 400_000);
});
