import { createServer, type Server } from 'node:http';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { call } from '../../../src/activities/service/call.js';

interface Planned {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

let planned: Planned | 'hang up';
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (planned === 'hang up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(planned.status, { 'content-type': 'application/json', ...planned.headers });
    response.end(typeof planned.body === 'string' ? planned.body : JSON.stringify(planned.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  url = `http://127.0.0.1:${address.port}/api/payments/order-1`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const problem = (status: number, code: string): Planned => ({
  status,
  body: { type: `urn:unwind:problem:${code}`, title: code, status, code },
});

/** Calls as an activity's attempt and returns what it failed with, or its answer. */
async function outcome(answer: Planned | 'hang up', attempt = 1, total?: number): Promise<unknown> {
  planned = answer;
  const budget = { scheduleToCloseTimeoutMs: total ?? 0, scheduledTimestampMs: Date.now() };
  const environment = new MockActivityEnvironment({ attempt, startToCloseTimeoutMs: 5000, ...budget });
  const request = {
    method: 'PUT' as const,
    at: { url },
    about: { id: 'order-1', orderId: '1', amount: { amount: 4200, currency: 'EUR' } },
    answer: z.object({ effect: z.literal('applied') }),
    refusals: ['PaymentDeclined', 'AlreadyCancelled'],
  };
  return environment.run(() => call(request)).catch((error: unknown) => error);
}

describe("what a participant's answer means (rules 8 and 10)", () => {
  it('is an effect if a 200 fits its schema, and has the number of its attempt', async () => {
    expect(await outcome({ status: 200, body: { id: 'order-1', effect: 'applied', more: 1 } }, 3)).toEqual({
      effect: 'applied',
      attempts: 3,
    });
  });

  it.each([
    ['a problem whose code is in the list', problem(422, 'PaymentDeclined')],
    ['410 AlreadyCancelled', problem(410, 'AlreadyCancelled')],
  ])('is a refusal, never repeated: %s', async (_, answer) => {
    const failure = await outcome(answer);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: true, type: (answer.body as { code: string }).code });
  });

  it.each<[string, string, Planned | 'hang up']>([
    ['ServiceUnreachable', 'no answer', 'hang up'],
    ...[408, 425, 429, 500, 502, 503].map((status): [string, string, Planned] => [
      'ServiceUnavailable',
      String(status),
      problem(status, 'PaymentDeclined'),
    ]),
    ['OperationalFault', 'a code that is not in the list', problem(422, 'SomethingElse')],
    ['OperationalFault', 'IdempotencyMismatch', problem(409, 'IdempotencyMismatch')],
    ['OperationalFault', 'a refusal whose status is not its own', { ...problem(422, 'PaymentDeclined'), status: 400 }],
    ['MalformedAnswer', 'a 4xx without a problem document', { status: 422, body: 'PaymentDeclined' }],
    ['MalformedAnswer', 'a 200 that does not fit', { status: 200, body: { effect: 'none' } }],
    ...[
      { id: undefined },
      { id: 'order-2' },
      { orderId: '2' },
      { orderId: null },
      { amount: { amount: 4201, currency: 'EUR' } },
      { amount: { amount: 4200, currency: 'USD' } },
      { amount: 4200 },
    ].map((other): [string, string, Planned] => [
      'MalformedAnswer',
      `a 200 about something else (P4): ${JSON.stringify(other)}`,
      { status: 200, body: { id: 'order-1', effect: 'applied', ...other } },
    ]),
    ['MalformedAnswer', 'garbage', { status: 200, body: '<html>' }],
    [
      'MalformedAnswer',
      'an endless answer',
      { status: 200, body: `{"effect":"applied","x":"${'x'.repeat(200_000)}"}` },
    ],
  ])('is %s and tried again, never taken for a refusal: %s', async (type, _, answer) => {
    expect(await outcome(answer)).toMatchObject({ type, nonRetryable: false });
  });

  it('is tried again later each time, spread over half the pause, and not before Retry-After (rule 10)', async () => {
    const unavailable = problem(503, 'Unavailable');
    for (const [attempt, pause] of [
      [1, 500],
      [2, 1000],
      [5, 8000],
      [30, 60_000],
    ] as const) {
      const { nextRetryDelay } = (await outcome(unavailable, attempt)) as { nextRetryDelay: number };
      expect(nextRetryDelay).toBeGreaterThanOrEqual(pause / 2);
      expect(nextRetryDelay).toBeLessThanOrEqual(pause);
    }
    const asked = (await outcome({ ...unavailable, headers: { 'retry-after': '7' } })) as { nextRetryDelay: number };
    expect(asked.nextRetryDelay).toBeGreaterThanOrEqual(7000);
  });

  it.each([
    ['3600', 3_600_000],
    ['0', 0],
    ['in a while', 0],
    ['-5', 0],
    ['Fri, 27 Nov 2026 12:10:00 GMT', 600_000],
    ['Friday, 27-Nov-26 12:10:00 GMT', 600_000],
    ['Fri Nov 27 12:10:00 2026', 600_000],
    ['Fri, 27 Nov 2026 11:00:00 GMT', 0],
  ])('waits as long as Retry-After: %s asks for, by the clock of the service (P9)', async (header, wait) => {
    const headers = { 'retry-after': header, date: 'Fri, 27 Nov 2026 12:00:00 GMT' };
    const asked = (await outcome({ ...problem(503, 'Unavailable'), headers })) as { nextRetryDelay: number };
    expect(asked.nextRetryDelay).toBeGreaterThanOrEqual(wait);
    expect(asked.nextRetryDelay).toBeLessThanOrEqual(wait + 500);
  });

  it('waits no longer than the budget has room for one attempt more (P9)', async () => {
    const answer = { ...problem(503, 'Unavailable'), headers: { 'retry-after': '3600' } };
    const asked = (await outcome(answer, 1, 300_000)) as { nextRetryDelay: number };
    expect(asked.nextRetryDelay).toBeGreaterThan(240_000);
    expect(asked.nextRetryDelay).toBeLessThanOrEqual(295_000);
    const spent = (await outcome(answer, 1, 6_000)) as { nextRetryDelay: number };
    expect(spent.nextRetryDelay).toBeLessThanOrEqual(500);
  });
});
