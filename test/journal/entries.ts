/** Entries of an order as its workflow journals them. */
import type { Batch, Closing, SentEntry } from '../../src/journal/write/batch.js';
import type { SagaEvent } from '../../src/saga/journal/events.js';
import { applyEntry, blankRecord } from '../../src/saga/journal/fold.js';

const STEPS = ['reserve_inventory', 'process_payment', 'create_shipment', 'send_confirmation'] as const;

const START = Date.parse('2026-01-01T10:00:00.000Z');

/** Numbers them from `first`, a second apart, `late` seconds later than the first run's. */
export const entriesOf = (events: readonly SagaEvent[], first = 1, late = 0): SentEntry[] =>
  events.map((event, index) => ({
    seq: first + index,
    at: new Date(START + (first + index + late) * 1000).toISOString(),
    event,
  }));

const started: SagaEvent = {
  type: 'SagaStarted',
  sagaType: 'OrderFulfillment',
  data: { orderId: '1' },
  steps: STEPS.map((name) => ({ name, kind: name === 'send_confirmation' ? 'retriable' : 'compensatable' })),
};

export const starts = (step: string): SagaEvent => ({
  type: 'SagaStepStarted',
  step,
  timeoutAt: '2026-01-01T11:00:00.000Z',
});
export const completes = (step: string): SagaEvent => ({ type: 'SagaStepCompleted', step, attempts: 1, result: {} });

/** All that a happy order says before its confirmation is sent, and that it is being sent: 8 entries. */
export const HAPPY: readonly SagaEvent[] = [
  started,
  ...STEPS.slice(0, 3).flatMap((step) => [starts(step), completes(step)]),
  starts('send_confirmation'),
];

export const BLOCKED: readonly SagaEvent[] = [
  started,
  starts('reserve_inventory'),
  completes('reserve_inventory'),
  starts('process_payment'),
  { type: 'SagaStepFailed', step: 'process_payment', attempts: 1, code: 'PaymentDeclined', unwinds: 'PaymentDeclined' },
  { type: 'SagaCompensationStarted', step: 'reserve_inventory', timeoutAt: '2026-01-01T11:00:00.000Z' },
  { type: 'SagaCompensationFailed', step: 'reserve_inventory', attempts: 3, code: 'ReleaseRefused' },
  { type: 'SagaBlocked', step: 'reserve_inventory', code: 'ReleaseRefused' },
];

export const intervenes = (action: string, reason = 'the customer called'): SagaEvent => ({
  type: 'SagaIntervened',
  step: 'reserve_inventory',
  action,
  actor: 'olga',
  reason,
  requestId: `request-${action}`,
});

export const CLOSING: Closing = {
  step: 'send_confirmation',
  state: 'COMPLETED',
  reason: null,
  attempts: 1,
  at: '2026-01-01T10:00:30.000Z',
};

/** The confirmation was given up, and the order is complete all the same. */
export const GIVEN_UP: readonly SagaEvent[] = [
  { type: 'SagaStepTimedOut', step: 'send_confirmation', attempts: 2, code: 'StepTimedOut', deadLetter: true },
  { type: 'SagaEnded', state: 'COMPLETED', reason: null },
];

export const batchOf = (sagaId: string, entries: readonly SentEntry[], more: Partial<Batch> = {}): Batch => ({
  sagaId,
  sagaType: 'OrderFulfillment',
  runId: 'run-a',
  correlationId: 'c-1',
  entries,
  required: false,
  ...more,
});

/** What the workflow itself would say after these entries. */
export const recordAfter = (sagaId: string, entries: readonly SentEntry[]) =>
  entries.reduce((record, entry) => applyEntry(record, entry), blankRecord(sagaId));
