import { applyEntry, blankRecord } from '../../../src/saga/journal/fold.js';
import type { Entry, SagaEvent } from '../../../src/saga/saga.js';

const entry = (seq: number, event: SagaEvent): Entry => ({
  seq,
  at: `2026-01-01T00:00:0${seq}.000Z`,
  name: event.type,
  event,
});

describe('the fold over the journal', () => {
  it('leaves a record as it is at an event that it does not know, save for the time (rule 31)', () => {
    const unknown = entry(1, { type: 'SagaReset' } as never);
    const record = blankRecord('saga-1');
    expect(applyEntry(record, unknown)).toEqual({ ...record, updatedAt: unknown.at });
  });

  it('keeps when a step was scheduled first, adds up its attempts, and knows a step that was not declared', () => {
    const events: SagaEvent[] = [
      { type: 'SagaStarted', sagaType: 'Test', data: { id: 1 }, steps: [{ name: 'p', kind: 'pivot' }] },
      { type: 'SagaStepStarted', step: 'p', timeoutAt: 'first' },
      { type: 'SagaStepTimedOut', step: 'p', attempts: 2, code: 'StepTimedOut' },
      { type: 'SagaBlocked', step: 'p', code: 'StepTimedOut' },
      { type: 'SagaIntervened', step: 'p', action: 'retry', requestId: 'r', actor: 'olga', reason: 'again' },
      { type: 'SagaStepStarted', step: 'p', timeoutAt: 'second' },
      { type: 'SagaStepCompleted', step: 'p', attempts: 1, result: { total: 2 } },
      { type: 'SagaStepStarted', step: 'notice', timeoutAt: 'third' },
    ];
    const record = events
      .map((event, index) => entry(index + 1, event))
      .reduce((before, next) => applyEntry(before, next), blankRecord('saga-1'));
    expect(record).toMatchObject({
      state: 'PENDING',
      data: { id: 1, total: 2 },
      currentStep: 'notice',
      blockedOn: null,
      waivers: [],
    });
    expect(record.steps).toEqual([
      {
        name: 'p',
        kind: 'pivot',
        status: 'completed',
        attempts: 3,
        executedAt: '2026-01-01T00:00:02.000Z',
        timeoutAt: 'second',
        result: { total: 2 },
        error: { code: 'StepTimedOut', message: 'Step timed out' },
      },
      {
        name: 'notice',
        kind: 'retriable',
        status: 'executing',
        attempts: 0,
        executedAt: '2026-01-01T00:00:08.000Z',
        timeoutAt: 'third',
      },
    ]);
  });
});
