// What the calls of an order carry besides its journal: whose request caused them.
import { defaultPayloadConverter } from '@temporalio/common';
import { type ActivityInterceptorsFactory, Worker } from '@temporalio/worker';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../../src/caller.js';
import { startRecording } from '../../../src/platform/observability/spans.js';
import { traceSinks } from '../../../src/worker/trace-sinks.js';
import { resolveStep } from '../../../src/workflows/messages.js';
import { createDevServer } from '../../support/dev-server.js';
import { eventually } from '../../support/eventually.js';
import { openOtlpReceiver } from '../../support/otlp-receiver.js';
import { workflowBundle } from '../../support/temporal.js';
import { openShop, steering, type Shop } from '../shop.js';

const MEMO = {
  correlationId: 'corr-7',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

let heard: { verb: string; attempt: number; headers: Record<string, unknown> }[] = [];

const listening: ActivityInterceptorsFactory = ({ info: { activityType: verb, attempt } }) => ({
  inbound: {
    execute(input, next) {
      const headers = Object.entries(input.headers).map(([name, payload]) => [
        name,
        defaultPayloadConverter.fromPayload(payload),
      ]);
      heard.push({ verb, attempt, headers: Object.fromEntries(headers) });
      return next(input);
    },
  },
});

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, interceptors: [listening] });
});
afterAll(() => shop.close());
beforeEach(() => {
  heard = [];
});

function expectCalls(calls: readonly string[]): void {
  expect(heard.map(({ verb, attempt }) => `${verb} ${attempt}`)).toEqual(calls);
  for (const { headers } of heard) {
    expect(headers).toMatchObject({ [CORRELATION_HEADER]: MEMO.correlationId, [TRACE_HEADER]: MEMO.traceparent });
  }
}

it('every call of an order that is undone carries the correlation id and the trace of its request', () =>
  shop.play(async () => {
    await shop.arm('shipping', { mode: 'refuse' });
    await shop.arm('payment', { mode: 'unavailable', operation: 'DELETE', times: 1 });
    const sagaId = await shop.place({}, {}, MEMO);
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'AddressNotServiceable' });
    expectCalls([
      'reserveInventory 1',
      'processPayment 1',
      'createShipment 1',
      'refundPayment 1',
      'refundPayment 2',
      'releaseReservation 1',
      'sendCancellationNotice 1',
    ]);
  }));

it('so does every call of an order that was continued as new', () =>
  shop.play(async () => {
    await shop.arm('shipping', { mode: 'refuse' });
    await shop.arm('payment', { mode: 'refuse', operation: 'DELETE', times: 1 });
    const sagaId = await shop.place({}, { historyLimit: 20 }, MEMO);
    await eventually('the second run', 20_000, async () => {
      const { raw, runId } = await shop.handleOf(sagaId).describe();
      return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
    });
    const request = { ...steering(), step: 'process_payment', action: 'retry' as const, requestId: sagaId };
    await shop.handleOf(sagaId).executeUpdate(resolveStep, { args: [request] });
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED' });
    expectCalls([
      'reserveInventory 1',
      'processPayment 1',
      'createShipment 1',
      'refundPayment 1',
      'refundPayment 1',
      'releaseReservation 1',
      'sendCancellationNotice 1',
    ]);
  }));

it('a replay of an order that has ended records no span, while its run recorded one', () =>
  shop.play(async () => {
    const receiver = await openOtlpReceiver();
    Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    const stop = await startRecording('worker', process.env);
    try {
      const sagaId = await shop.place({}, {}, MEMO);
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'COMPLETED' });
      const history = await shop.handleOf(sagaId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle(), sinks: traceSinks }, history, sagaId);
      await stop();
      expect(receiver.spans.filter(({ name }) => name === 'orderFulfillment')).toMatchObject([
        { parentSpanId: 'b7ad6b7169203331', attributes: { 'saga.id': sagaId, 'saga.state': 'COMPLETED' } },
      ]);
    } finally {
      await stop();
      await receiver.close();
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
      delete process.env['OTEL_EXPORTER_OTLP_PROTOCOL'];
    }
  }));
