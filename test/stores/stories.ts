/** The journals of orders, as their workflows would write them. */
import type { SentEntry } from '../../src/journal/write/batch.js';
import type { SagaEvent } from '../../src/saga/journal/events.js';

const STEPS = ['reserve_inventory', 'process_payment', 'create_shipment'] as const;
const BEGIN = Date.parse('2026-01-01T00:00:00.000Z');

const started = (orderId: string, bulk = 0): SagaEvent => ({
  type: 'SagaStarted',
  sagaType: 'OrderFulfillment',
  data: { orderId, ...(bulk > 0 && { bulk: 'x'.repeat(bulk) }) },
  steps: [
    ...STEPS.map((name) => ({ name, kind: 'compensatable' as const })),
    { name: 'send_confirmation', kind: 'retriable' },
  ],
});

const timeoutAt = '2026-01-01T01:00:00.000Z';

const done = (step: string): SagaEvent[] => [
  { type: 'SagaStepStarted', step, timeoutAt },
  { type: 'SagaStepCompleted', step, attempts: 1, result: { [`${step}Id`]: 'id' } },
];

/** An order that is completed: ten events. `bulk`: so many characters more in the first of them. */
export const completedOrder = (orderId: string, bulk = 0): SentEntry[] =>
  numbered([
    started(orderId, bulk),
    ...STEPS.flatMap(done),
    ...done('send_confirmation'),
    { type: 'SagaEnded', state: 'COMPLETED', reason: null },
  ]);

/** An order whose shipment is refused, so that it is undone. */
export const undoneOrder = (orderId: string): SentEntry[] =>
  numbered([
    started(orderId),
    ...done('reserve_inventory'),
    ...done('process_payment'),
    { type: 'SagaStepStarted', step: 'create_shipment', timeoutAt },
    {
      type: 'SagaStepFailed',
      step: 'create_shipment',
      attempts: 1,
      code: 'AddressNotServiceable',
      unwinds: 'AddressNotServiceable',
    },
    { type: 'SagaCompensationStarted', step: 'process_payment', timeoutAt },
    { type: 'SagaCompensationCompleted', step: 'process_payment', attempts: 1, outcome: 'compensated' },
    { type: 'SagaCompensationStarted', step: 'reserve_inventory', timeoutAt },
    { type: 'SagaCompensationCompleted', step: 'reserve_inventory', attempts: 1, outcome: 'compensated' },
    ...done('sendCancellationNotice'),
    { type: 'SagaEnded', state: 'FAILED', reason: 'AddressNotServiceable' },
  ]);

function numbered(events: readonly SagaEvent[]): SentEntry[] {
  return events.map((event, index) => ({
    seq: index + 1,
    at: new Date(BEGIN + index * 1_000).toISOString(),
    event,
  }));
}
