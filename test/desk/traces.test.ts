/** One trace shows an order with its compensation: from the request through workflow and activities to the services. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isRunning } from '../../src/local/machine/processes.js';
import { build, type RunningSystem, startSystem } from '../journey/running-system.js';
import { armFault, placeOrder, verdict } from '../journey/shop.js';
import { eventually } from '../support/eventually.js';
import { type OtlpReceiver, openOtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';

const ANTARCTICA = { name: 'Demo Customer', street: 'Ice 1', city: 'McMurdo', postalCode: '0000', country: 'AQ' };

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-traces-'));
let receiver: OtlpReceiver;
let system: RunningSystem;

beforeAll(async () => {
  build();
  receiver = await openOtlpReceiver();
  system = startSystem(dataDir, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  await system.line(/^ready$/);
}, 900_000);

afterAll(async () => {
  if (system && isRunning(system.pid)) system.signal('SIGTERM');
  await system?.ended;
  await receiver?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const isRunOf = (sagaId: string) => (span: ReceivedSpan) =>
  span.name === 'orderFulfillment' && span.attributes['saga.id'] === sagaId;

/** The saga's trace, once its run and the notice's call have arrived. */
async function traceOf(sagaId: string, last: string): Promise<readonly ReceivedSpan[]> {
  return await eventually(`the spans of ${sagaId}`, 20_000, () => {
    const run = receiver.spans.find(isRunOf(sagaId));
    const trace = receiver.spans.filter(({ traceId }) => traceId === run?.traceId);
    return trace.some(({ name }) => name === last) ? trace : undefined;
  });
}

/** The trace as lines, each below its parent, by start: spans without a parent first. */
function drawn(trace: readonly ReceivedSpan[]): string[] {
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const below = (parent: string | undefined, depth: number): string[] =>
    trace
      .filter(({ parentSpanId: id }) => (id !== undefined && ids.has(id) ? id : undefined) === parent)
      .flatMap(({ name, service, spanId, error }) => [
        `${'  '.repeat(depth)}${service} ${name}${error === undefined ? '' : ` ! ${error}`}`,
        ...below(spanId, depth + 1),
      ]);
  return below(undefined, 0);
}

it('a trace shows the request, the saga, each attempt and each service, of an order that is undone', async () => {
  await armFault(system, 'payment', { mode: 'unavailable', times: 1 });
  const sagaId = await placeOrder(system, { shippingAddress: ANTARCTICA });
  expect((await verdict(system, sagaId)).state).toBe('FAILED');
  const trace = await traceOf(sagaId, 'sendCancellationNotice');
  const lines = drawn(trace);
  expect(lines[0]).toBe('unwind-api POST /api/orders');
  expect(lines).toContain('  unwind-worker orderFulfillment');
  const attempts = lines.filter((line) => /^ {4}unwind-worker/.test(line)).map((line) => line.trim());
  expect([...attempts].sort()).toEqual(
    [
      'unwind-worker reserveInventory',
      'unwind-worker processPayment ! ServiceUnavailable',
      'unwind-worker processPayment',
      'unwind-worker createShipment ! AddressNotServiceable',
      'unwind-worker refundPayment',
      'unwind-worker releaseReservation',
      'unwind-worker sendCancellationNotice',
    ].sort(),
  );
  // Each attempt asked its service, whose span is within it.
  const within = (attempt: string): string[] => {
    const index = lines.indexOf(`    ${attempt}`);
    const end = lines.findIndex((line, at) => at > index && !line.startsWith('      '));
    return lines.slice(index + 1, end < 0 ? undefined : end).map((line) => line.trim());
  };
  expect(within('unwind-worker refundPayment')).toEqual(['unwind-payment DELETE /api/payments/:id']);
  expect(within('unwind-worker processPayment ! ServiceUnavailable')).toEqual([
    'unwind-payment PUT /api/payments/:id ! 503',
  ]);
  expect(trace.find(isRunOf(sagaId))?.attributes).toMatchObject({
    'saga.state': 'FAILED',
    'saga.reason': 'AddressNotServiceable',
  });
});

it('an order whose worker is killed in the middle is replayed, and the replay makes no spans', async () => {
  await armFault(system, 'shipping', { mode: 'delay', times: 1, delayMs: 4_000 });
  const sagaId = await placeOrder(system);
  const asked = await eventually('the payment', 20_000, () =>
    receiver.spans.find(({ name, attributes }) => name === 'processPayment' && attributes['saga.id'] === sagaId),
  );
  process.kill(system.pidOf('worker'), 'SIGKILL');
  expect((await verdict(system, sagaId, 60_000)).state).toBe('COMPLETED');
  const trace = await traceOf(sagaId, 'sendConfirmation');
  const names = trace.filter(({ service }) => service === 'unwind-worker').map(({ name }) => name);
  expect(
    names.filter((name) => ['reserveInventory', 'processPayment', 'orderFulfillment'].includes(name)).sort(),
  ).toEqual(['orderFulfillment', 'processPayment', 'reserveInventory']);
  expect(asked.traceId).toBe(trace[0]?.traceId);
});
