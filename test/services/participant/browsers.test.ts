/** A web page arms no fault and changes nothing at a service (A12); a bare `curl -X POST` does. */
import { request } from 'node:http';
import { openPayment } from '../../../src/services/payment/service.js';
import { run, type RunningService } from '../running-service.js';

let payment: RunningService;
beforeAll(async () => {
  const hosts = ['localhost', '127.0.0.1', '[::1]'];
  payment = await run((options) => openPayment({ ...options, hosts }));
});
afterAll(() => payment?.stop());

/** As `curl` and as browsers send it: neither a body nor its type unless said. */
function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${payment.url}${path}`, { method, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
  });
}

const ARM = '/api/test/fail-next-request';
const armed = async () => (await payment.call('GET', '/api/test/faults')).body['items'];

it('(A12) curl -X POST without a body or type arms a fault', async () => {
  expect(await ask('POST', ARM)).toBe(200);
  expect(await ask('POST', ARM, { 'content-length': '0', 'user-agent': 'curl/8.5.0', accept: '*/*' })).toBe(200);
  expect(await ask('DELETE', '/api/test/faults')).toBe(200);
});

it.each([
  ['of another origin', { origin: 'https://evil.test' }],
  ['of another port', { origin: 'http://localhost:8000' }],
  ['in a sandboxed frame', { origin: 'null' }],
  ['that leaves its origin out', { 'sec-fetch-site': 'cross-site' }],
])('(A12) a page %s changes nothing', async (_, headers) => {
  expect(await ask('POST', ARM, headers)).toBe(403);
  expect(await ask('POST', ARM, { ...headers, 'content-type': 'text/plain' }, '{}')).toBe(403);
  expect(await ask('DELETE', '/api/test/faults', headers)).toBe(403);
  expect(await ask('PUT', '/api/payments/x', { ...headers, 'content-type': 'application/json' }, '{}')).toBe(403);
  expect(await ask('DELETE', '/api/payments/x', headers)).toBe(403);
  expect(await armed()).toEqual([]);
  expect(await payment.sql('SELECT FROM effects')).toEqual([]);
});

it('(A12) a page whose own name was pointed at this machine is 421, and a service without names takes any', async () => {
  const rebound = { host: 'evil.test:8001', origin: 'http://evil.test:8001' };
  expect(await ask('POST', ARM, rebound)).toBe(421);
  expect(await ask('GET', '/api/payments', rebound)).toBe(421);
  expect(await ask('GET', '/api/payments', { host: 'localhost:8001' })).toBe(200);
  expect(await armed()).toEqual([]);
  const anywhere = await run(openPayment);
  const answer = await new Promise<number | undefined>((resolve) => {
    request(`${anywhere.url}/api/payments`, { headers: { host: 'payment.internal' } }, (got) => {
      got.resume().on('end', () => resolve(got.statusCode));
    }).end();
  });
  expect(answer).toBe(200);
  await anywhere.stop();
});
