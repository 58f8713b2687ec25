/** The API's operations on webhooks: registrations, secrets, tests, the log of deliveries, re-sends. */
import { createHash } from 'node:crypto';
import { createAuthenticate } from '../../../src/api/http/authenticate.js';
import { MOST_ENDPOINTS } from '../../../src/journal/webhooks/endpoints.js';
import { openWebhooks, type Webhooks } from '../../../src/journal/webhooks/open-webhooks.js';
import { startWebhookSender, type Sender } from '../../../src/relay/webhook-sender.js';
import { runApi, type Answer, type RunningApi } from '../../api/running-api.js';
import { createWarmServer } from '../../api/warm-server.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import type { TestEnv } from '../../support/temporal.js';
import { isSignedBy, openReceiver, status, type Receiver } from './receiver.js';

const RULES = { plainHttp: true, privateAddresses: true };
const WITHIN = 30_000;
const hash = (key: string): string => createHash('sha256').update(key).digest('hex');

const journalSchema = freshSchema('webhooks');
let temporal: TestEnv;
let webhooks: Webhooks;
let sender: Sender;
let api: RunningApi;
let strict: RunningApi;
let off: RunningApi;
let shop: Receiver;

beforeAll(async () => {
  temporal = await createWarmServer();
  shop = await openReceiver();
  webhooks = openWebhooks({ databaseUrl: databaseUrl(), schema: journalSchema });
  const roles = ['customer', 'operator', 'admin'] as const;
  const authenticate = createAuthenticate({
    apiKeys: roles.map((role) => ({ name: role, role, hash: hash(`key-${role}`) })),
  });
  const client = { temporal: temporal.client };
  api = await runApi({ ...client, journalSchema, more: { authenticate, webhooks: { store: webhooks, rules: RULES } } });
  const none = { plainHttp: false, privateAddresses: false };
  strict = await runApi({ ...client, journalSchema, more: { webhooks: { store: webhooks, rules: none } } });
  off = await runApi(client);
  sender = startWebhookSender({
    databaseUrl: databaseUrl(),
    schema: journalSchema,
    rules: RULES,
    within: 5_000,
    pace: { poll: 20 },
  });
});

afterAll(async () => {
  await shop?.close();
  await sender?.stop();
  await webhooks?.close();
  await off?.close();
  await strict?.close();
  await api?.close();
  await temporal?.close();
});

const as = (role: string) => ({ 'x-api-key': `key-${role}` });

const call = (method: string, path: string, body?: unknown, role = 'admin'): Promise<Answer> =>
  api.request(method, path, {
    headers: { ...as(role), ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const events = ['order.completed'];
let drawn = 0;
const freshUrl = (): string => `${shop.url}/${(drawn += 1)}`;

async function register(): Promise<{ webhookId: string; secret: string; path: string }> {
  const url = freshUrl();
  const { status: code, body } = await call('POST', '/api/webhooks', { url, events });
  expect(code).toBe(201);
  return { webhookId: String(body['webhookId']), secret: String(body['secret']), path: new URL(url).pathname };
}

const at = (path: string) => shop.received.filter((each) => each.path === path);

describe('a registration', () => {
  it('shows its secret once: no later answer and no line of the log has it', async () => {
    const { webhookId, secret } = await register();
    expect(secret).toMatch(/^whsec_/);
    const answers = [
      await call('GET', `/api/webhooks/${webhookId}`),
      await call('GET', '/api/webhooks'),
      await call('PATCH', `/api/webhooks/${webhookId}`, { description: 'another' }),
    ];
    expect(answers.map(({ status: code }) => code)).toEqual([200, 200, 200]);
    for (const { text } of answers) {
      expect(text).toContain(webhookId);
      expect(text).not.toContain('whsec_');
    }
    const rotated = await call('POST', `/api/webhooks/${webhookId}/rotate-secret`);
    expect(rotated.body['secret']).toMatch(/^whsec_/);
    expect(rotated.body['secret']).not.toBe(secret);
    expect(Date.parse(String(rotated.body['oldSecretUntil']))).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(JSON.stringify(api.log)).not.toContain('whsec_');
  });

  it.each([
    ['http://shop.example.com/', 'begins with https:'],
    ['https://127.0.0.1/', 'is not an address of this machine or of a private network'],
    ['https://user:secret@shop.example.com/', 'has no user and no password'],
    ['nonsense', 'is a URL such as https://shop.example.com/hooks'],
  ])('is refused with 400 for the URL %s, which is not repeated', async (url, message) => {
    const answer = await strict.post('/api/webhooks', { url, events });
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toEqual([{ field: 'url', message }]);
    expect(answer.text).not.toContain('user:secret');
  });

  it.each([
    [{ events: ['order.placed'] }, 'events[0]'],
    [{ events: [] }, 'events'],
    [{ events: ['order.failed', 'order.failed'] }, 'events'],
    [{ events: undefined }, 'events'],
    [{ secret: 'whsec_mine' }, 'secret'],
    [{ description: '' }, 'description'],
  ])('is refused with 400 for %j', async (more, field) => {
    const answer = await call('POST', '/api/webhooks', { url: freshUrl(), events, ...more });
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field })]);
  });

  it('is 409 for a URL that is registered, also when it is changed to it, until that one is deleted', async () => {
    const url = freshUrl();
    const first = await call('POST', '/api/webhooks', { url, events });
    const { webhookId } = await register();
    const again = await call('POST', '/api/webhooks', { url, events });
    const moved = await call('PATCH', `/api/webhooks/${webhookId}`, { url });
    expect([again.body['code'], moved.body['code']]).toEqual(['WebhookUrlTaken', 'WebhookUrlTaken']);
    expect((await call('DELETE', `/api/webhooks/${String(first.body['webhookId'])}`)).status).toBe(204);
    expect((await call('PATCH', `/api/webhooks/${webhookId}`, { url })).body['url']).toBe(url);
  });

  it('is 409 when there are as many as there may be, also of several at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: MOST_ENDPOINTS + 2 }, () => call('POST', '/api/webhooks', { url: freshUrl(), events })),
    );
    expect(answers.some(({ body }) => body['code'] === 'TooManyWebhooks')).toBe(true);
    const { items } = (await call('GET', '/api/webhooks')).body as { items: { webhookId: string }[] };
    expect(items).toHaveLength(MOST_ENDPOINTS);
    for (const { webhookId } of items) await call('DELETE', `/api/webhooks/${webhookId}`);
    expect((await call('GET', '/api/webhooks')).body).toEqual({ items: [] });
  });

  it('is made, changed and deleted by admins only; operators read, test and re-send; customers do nothing', async () => {
    const { webhookId } = await register();
    const here = `/api/webhooks/${webhookId}`;
    const asked: [string, string, unknown?][] = [
      ['POST', '/api/webhooks', { url: freshUrl(), events }],
      ['PATCH', here, { enabled: true }],
      ['POST', `${here}/rotate-secret`],
      ['DELETE', here],
      ['GET', '/api/webhooks'],
      ['GET', here],
      ['GET', `${here}/deliveries`],
      ['POST', `${here}/test`],
      ['POST', `${here}/deliveries/999999999/resend`],
    ];
    const codes = async (role: string): Promise<number[]> => {
      const answers = [];
      for (const [method, path, body] of asked) answers.push((await call(method, path, body, role)).status);
      return answers;
    };
    expect(await codes('customer')).toEqual(asked.map(() => 403));
    expect(await codes('operator')).toEqual([403, 403, 403, 403, 200, 200, 200, 202, 404]);
  });

  it('is 404 for an id of no endpoint, of a deleted one, and for any other text', async () => {
    const { webhookId } = await register();
    await call('DELETE', `/api/webhooks/${webhookId}`);
    for (const id of [webhookId, crypto.randomUUID(), "1' OR '1'='1", '%00']) {
      expect((await call('GET', `/api/webhooks/${id}`)).body['code']).toBe('WebhookNotFound');
      expect((await call('POST', `/api/webhooks/${id}/test`)).body['code']).toBe('WebhookNotFound');
      expect((await call('DELETE', `/api/webhooks/${id}`)).body['code']).toBe('WebhookNotFound');
    }
  });

  it('is 409 while webhooks are off', async () => {
    expect((await off.post('/api/webhooks', { url: freshUrl(), events })).body['code']).toBe('WebhooksOff');
    expect((await off.request('GET', '/api/webhooks')).body['code']).toBe('WebhooksOff');
  });
});

describe('deliveries', () => {
  it('of a test arrive signed, are in the log with their answer, and can be sent again', async () => {
    const { webhookId, secret, path } = await register();
    const test = await call('POST', `/api/webhooks/${webhookId}/test`, undefined, 'operator');
    expect(test).toMatchObject({ status: 202, body: { event: 'webhook.test', sagaId: null } });
    const got = await eventually('the test', WITHIN, () => at(path)[0]);
    expect(got.message.type).toBe('webhook.test');
    expect(got.id).toBe(test.body['messageId']);
    expect(isSignedBy(secret, got)).toBe(true);
    const listed = await eventually('the log', WITHIN, async () => {
      const { items } = (await call('GET', `/api/webhooks/${webhookId}/deliveries`)).body as { items: object[] };
      return Object(items[0]).state === 'delivered' && items;
    });
    expect(listed).toEqual([
      expect.objectContaining({
        deliveryId: test.body['deliveryId'],
        attempts: 1,
        lastStatus: 204,
        nextAttemptAt: null,
      }),
    ]);
    const resend = `/api/webhooks/${webhookId}/deliveries/${String(test.body['deliveryId'])}/resend`;
    expect((await call('POST', resend)).status).toBe(202);
    await eventually('the test again', WITHIN, () => at(path).length === 2);
    expect(at(path)[1]?.id).toBe(got.id);
  });

  it('are listed page by page, the newest first, and narrowed by their state', async () => {
    const { webhookId } = await register();
    shop.answer = status(500);
    const ids: unknown[] = [];
    for (let number = 0; number < 5; number += 1) {
      ids.unshift((await call('POST', `/api/webhooks/${webhookId}/test`)).body['deliveryId']);
    }
    shop.answer = status(204);
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const query = `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await call('GET', `/api/webhooks/${webhookId}/deliveries${query}`);
      const { items, next } = body as { items: { deliveryId: string }[]; next: string | null };
      seen.push(...items.map(({ deliveryId }) => deliveryId));
      cursor = next ?? '';
    } while (cursor !== '');
    expect(seen).toEqual(ids);
    const failed = await call('GET', `/api/webhooks/${webhookId}/deliveries?state=failed`);
    expect(failed.body).toEqual({ items: [], next: null });
    const wrong = await call('GET', `/api/webhooks/${webhookId}/deliveries?cursor=0;DROP`);
    expect(wrong).toMatchObject({ status: 400, body: { code: 'InvalidRequest' } });
  });

  it('of a disabled endpoint are neither tested nor sent again (409), nor those of another endpoint (404)', async () => {
    const [one, other] = [await register(), await register()];
    const test = await call('POST', `/api/webhooks/${one.webhookId}/test`);
    const resend = (webhookId: string): Promise<Answer> =>
      call('POST', `/api/webhooks/${webhookId}/deliveries/${String(test.body['deliveryId'])}/resend`);
    expect((await resend(other.webhookId)).body['code']).toBe('WebhookDeliveryNotFound');
    await call('PATCH', `/api/webhooks/${one.webhookId}`, { enabled: false });
    expect((await resend(one.webhookId)).body['code']).toBe('WebhookNotEnabled');
    expect((await call('POST', `/api/webhooks/${one.webhookId}/test`)).body['code']).toBe('WebhookNotEnabled');
  });

  it('of a deleted endpoint are deleted, and so is its secret', async () => {
    const { webhookId, path } = await register();
    await call('POST', `/api/webhooks/${webhookId}/test`);
    await eventually('the test', WITHIN, () => at(path).length === 1);
    await call('DELETE', `/api/webhooks/${webhookId}`);
    const rows = await api.sql<{ secret: string }>(
      `SELECT secret FROM ${journalSchema}.webhook_endpoints WHERE id = '${webhookId}'`,
    );
    expect(rows).toEqual([{ secret: '' }]);
  });
});
