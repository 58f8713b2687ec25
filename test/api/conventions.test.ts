/** What holds for every request: types, traces, limits, headers, and how a process that is to end behaves. */
import http from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import { runIssuer, type Issuer } from './issuer.js';
import { runApi, type RunningApi } from './running-api.js';

let connection: Connection;
let temporal: Client;
let issuer: Issuer;
const running: RunningApi[] = [];

beforeAll(async () => {
  connection = Connection.lazy({ address: '127.0.0.1:1' });
  temporal = new Client({ connection });
  issuer = await runIssuer();
});

afterAll(async () => {
  await Promise.all(running.map((api) => api.close()));
  await issuer?.close();
  await connection?.close();
});

async function start(more: NonNullable<Parameters<typeof runApi>[0]['more']> = {}): Promise<RunningApi> {
  const api = await runApi({ temporal, more });
  running.push(api);
  return api;
}

describe('what is answered', () => {
  let api: RunningApi;
  beforeAll(async () => {
    api = await start();
  });

  it.each(['text/html', 'application/xml', 'image/*'])('is 406 for a caller that accepts only %s', async (accept) => {
    const answer = await api.request('GET', '/api/orders', { headers: { accept } });
    expect([answer.status, answer.body['code']]).toEqual([406, 'NotAcceptable']);
  });

  it.each(['*/*', 'application/json', 'text/html, */*;q=0.1', 'application/problem+json'])(
    'is JSON for %s',
    async (accept) => {
      expect((await api.request('GET', '/api/orders', { headers: { accept } })).status).toBe(200);
    },
  );

  it('is not cached without a check, and shows nothing of the server', async () => {
    const read = await api.request('GET', '/api/orders');
    expect(read.headers.get('cache-control')).toBe('private, no-cache');
    const problem = await api.request('GET', '/api/orders/nobody');
    expect(problem.headers.get('cache-control')).toBe('no-store');
    for (const { headers } of [read, problem]) {
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('to HEAD is what it is to GET, without the body', async () => {
    const answer = await api.request('HEAD', '/api/orders');
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('etag')).not.toBeNull();
  });
});

describe('a trace (W3C)', () => {
  const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  let api: RunningApi;
  beforeAll(async () => {
    api = await start();
  });

  it('goes on: with a span of its own, in the answer, in each log line and to the services', async () => {
    const body = { items: [{ productId: 'traced', quantity: 1 }] };
    const answer = await api.post('/api/orders', body, { traceparent: TRACE, 'x-correlation-id': 'corr-trace' });
    expect(answer.headers.get('traceparent')).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
    );
    const lines = api.log.filter((line) => line['correlationId'] === 'corr-trace');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line['traceId']).toBe('0af7651916cd43dd8448eb211c80319c');
    const asked = api.inventory.asked.find(({ productId }) => productId === 'traced');
    expect(asked?.traceparent).toBe(answer.headers.get('traceparent'));
  });

  it.each([
    undefined,
    'garbage',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ])('is begun anew instead of %s', async (traceparent) => {
    const headers = traceparent === undefined ? {} : { traceparent };
    const answer = await api.request('GET', '/health/live', { headers });
    expect(answer.headers.get('traceparent')).toMatch(/^00-(?!0af76519|0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});

describe('the rate limit', () => {
  it('is shown in headers, counts each caller by itself, and ends in 429 with the time to wait', async () => {
    const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys: [] });
    const api = await start({ authenticate, requestsPerMinute: 3 });
    const [alice, bob] = [await issuer.token(), await issuer.token({ sub: 'bob' })];
    const ask = (token: string) => api.request('GET', '/api/orders', { headers: { authorization: `Bearer ${token}` } });
    const answers = [await ask(alice), await ask(alice), await ask(alice), await ask(alice)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    // As draft-ietf-httpapi-ratelimit-headers-08 has it, `pk` being which caller the count is of.
    const policy = /^"minute"; q=3; w=60; pk=:[A-Za-z0-9+/]+=*:$/;
    for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toMatch(policy);
    const left = answers.map(({ headers }) =>
      headers.get('ratelimit')?.replace(/(?<=t=)(?:[1-9]|[1-5]\d|60)$/, 'seconds'),
    );
    expect(left).toEqual([2, 1, 0, 0].map((rest) => `"minute"; r=${rest}; t=seconds`));
    expect(answers[3]?.body).toMatchObject({ code: 'TooManyRequests' });
    expect(answers[3]?.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const retryAfter = Number(answers[3]?.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60);
    const others = await ask(bob);
    expect(others.status).toBe(200);
    expect(others.headers.get('ratelimit')).toMatch(/^"minute"; r=2; t=\d+$/);
    expect(others.headers.get('ratelimit-policy')).not.toBe(answers[0]?.headers.get('ratelimit-policy'));
  });

  it('counts unknown callers by their address, so that credentials cannot be tried out', async () => {
    const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys: [] });
    const api = await start({ authenticate, requestsPerMinute: 2 });
    const guess = () => api.request('GET', '/api/orders', { headers: { authorization: 'Bearer guess' } });
    const statuses = [(await guess()).status, (await guess()).status, (await guess()).status];
    expect(statuses).toEqual([401, 401, 429]);
    expect((await api.request('GET', '/health/live')).status).toBe(200);
  });
});

describe('an API that is to end', () => {
  it('is not ready, gives up connections after their answer, and serves what still comes', async () => {
    const stopping = new AbortController();
    const api = await start({ stopping: stopping.signal });
    const agent = new http.Agent({ keepAlive: true });
    const ask = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        http
          .get(`${api.url}/api/orders`, { agent }, (response) => {
            response.resume().once('end', () => resolve(response.headers.connection));
          })
          .once('error', reject);
      });
    expect(await ask()).toBe('keep-alive');
    stopping.abort();
    expect(await ask()).toBe('close');
    const ready = await api.request('GET', '/health/ready');
    expect(ready.status).toBe(503);
    expect((await api.request('GET', '/health/live')).status).toBe(200);
    agent.destroy();
  });
});
