/** What the verbs of the four services say over the wire, attempt by attempt. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { createActivities, type Activities } from '../../src/activities/activities.js';
import { CORRELATION_HEADER } from '../../src/caller.js';
import { correlationInterceptor } from '../../src/activities/interceptors/origin.js';
import { ORDER_STEPS, type Order } from '../../src/order.js';

const total = { amount: 4200, currency: 'EUR' };
const ORDER: Order = {
  orderId: '7',
  customerId: 'ann',
  items: [{ productId: '123', quantity: 2 }],
  paymentMethod: 'pm_ok',
  shippingAddress: { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' },
};

/** Fits the schema of every verb. */
const ANSWER = { status: 'undone', effect: 'applied', total, trackingNumber: 'UNW1' };

const EFFECTS: [keyof Activities, string][] = [
  ['reserveInventory', 'PUT /inventory/api/reservations/order-7'],
  ['releaseReservation', 'DELETE /inventory/api/reservations/order-7'],
  ['processPayment', 'PUT /payment/api/payments/order-7'],
  ['refundPayment', 'DELETE /payment/api/payments/order-7'],
  ['createShipment', 'PUT /shipping/api/shipments/order-7'],
  ['cancelShipment', 'DELETE /shipping/api/shipments/order-7'],
  ['sendConfirmation', 'PUT /notification/api/notifications/order-7-confirmation'],
  ['sendCancellationNotice', 'PUT /notification/api/notifications/order-7-cancellation'],
];

const CALLS: { verb: keyof Activities; refusals: readonly string[] }[] = Object.values(ORDER_STEPS).flatMap(
  (step): { verb: keyof Activities; refusals: readonly string[] }[] =>
    'compensation' in step ? [step.action, step.compensation] : [step.action],
);

let server: Server;
let activities: Activities;
/** What the server answers instead. */
let refusedWith: string | undefined;
let requests: { what: string; body: string; correlationId: unknown; traceparent: unknown }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { traceparent, [CORRELATION_HEADER]: correlationId } = request.headers;
      requests.push({ what: `${request.method} ${request.url}`, body, correlationId, traceparent });
      if (refusedWith !== undefined) {
        response
          .writeHead(422, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify({ status: 422, code: refusedWith, type: 'about:blank', title: 'Refused' }));
        return;
      }
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ id: request.url?.split('/').at(-1), ...ANSWER }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  activities = createActivities({
    orders: { get: () => Promise.resolve(ORDER) },
    services: {
      inventory: `${base}/inventory`,
      payment: `${base}/payment`,
      shipping: `${base}/shipping`,
      notification: `${base}/notification`,
    },
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  requests = [];
  refusedWith = undefined;
});

const attempt = (verb: keyof Activities, number: number): Promise<unknown> => {
  const environment = new MockActivityEnvironment({ attempt: number, startToCloseTimeoutMs: 5000 });
  return environment.run(() => activities[verb]({ orderId: '7', total }));
};

describe('an effect at a participant', () => {
  it.each(EFFECTS)(
    'rule 19: %s says the same on every attempt, to one id that is the order’s alone',
    async (verb, what) => {
      const answers: unknown[] = [];
      for (const number of [1, 2, 17]) answers.push(await attempt(verb, number).catch(String));
      expect(requests.map((request) => request.what)).toEqual([what, what, what]);
      expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
      expect(answers).toMatchObject([{ attempts: 1 }, { attempts: 2 }, { attempts: 17 }]);
    },
  );

  it.each(EFFECTS)('%s carries the correlation id of its saga, and is a span of its trace', async (verb) => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const input: ActivityExecuteInput = {
      args: [],
      headers: {
        [CORRELATION_HEADER]: defaultPayloadConverter.toPayload('from-the-customer'),
        traceparent: defaultPayloadConverter.toPayload(`00-${traceId}-b7ad6b7169203331-01`),
      },
    };
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 5000 });
    const { inbound } = correlationInterceptor(environment.context);
    await inbound?.execute?.(input, () => attempt(verb, 1));
    expect(requests.map(({ correlationId }) => correlationId)).toEqual(['from-the-customer']);
    expect(requests[0]?.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  });

  it.each(CALLS)(
    'of $verb is refused with the codes of that verb alone (rules 8 and 10)',
    async ({ verb, refusals }) => {
      for (const code of new Set(CALLS.flatMap((other) => other.refusals))) {
        refusedWith = code;
        const failure: unknown = await attempt(verb, 1).catch((error: unknown) => error);
        const isRefusal = refusals.includes(code);
        expect(failure).toMatchObject({ type: isRefusal ? code : 'OperationalFault', nonRetryable: isRefusal });
      }
    },
  );
});
