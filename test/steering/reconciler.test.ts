/** The reconciler's judgement, the plan of a repair and its preview, without a server (rules 27, 47 and 51). */
import type { StoredSaga } from '../../src/journal/read/reader.js';
import type { Effect } from '../../src/oracle/books.js';
import type { StepRecord } from '../../src/saga/record.js';
import { holdsOf, judgeStanding, provesThatNothingIsLeft } from '../../src/steering/reconciler/judge-standing.js';
import { planRepair } from '../../src/steering/reconciler/plan-repair.js';
import { previewRepair } from '../../src/steering/reconciler/preview-repair.js';
import type { RunStanding, Standing } from '../../src/steering/reconciler/standing.js';

const SAGA = 'order-1';
const TOTAL = { amount: 4_299, currency: 'EUR' };
const ITEMS = [{ productId: '123', quantity: 2 }];
const RESERVATION: Effect = { kind: 'reservation', id: SAGA, items: ITEMS, total: TOTAL };
const PAYMENT: Effect = { kind: 'payment', id: SAGA, currency: 'EUR', captured: 4_299, refunded: 0 };
const SHIPMENT: Effect = { kind: 'shipment', id: SAGA };
const CONFIRMATION: Effect = { kind: 'confirmation', id: `${SAGA}-confirmation` };
const TERMINATED: RunStanding = {
  is: 'ended',
  status: 'TERMINATED',
  runId: 'run',
  closedAt: '2026-01-01T10:00:00.000Z',
};
const NO_RUN: RunStanding = { is: 'none' };

const STEPS = ['reserve_inventory', 'process_payment', 'create_shipment', 'send_confirmation'] as const;
type Statuses = Partial<Record<(typeof STEPS)[number], StepRecord['status']>>;

function sagaOf(statuses: Statuses, other: Partial<StoredSaga> = {}): StoredSaga {
  const steps = STEPS.map((name): StepRecord => {
    const kind = name === 'send_confirmation' ? 'retriable' : 'compensatable';
    return { name, kind, status: statuses[name] ?? 'pending', attempts: 1 };
  });
  return {
    sagaId: SAGA,
    sagaType: 'OrderFulfillment',
    state: 'STARTED',
    reason: null,
    data: { orderId: '1', total: TOTAL },
    currentStep: null,
    blockedOn: null,
    waitingFor: null,
    steps,
    waivers: [],
    deadLetters: [],
    createdAt: '2026-01-01T09:00:00.000Z',
    updatedAt: '2026-01-01T09:00:00.000Z',
    version: 5,
    branch: 0,
    behindGap: false,
    asOf: '2026-01-01T10:00:00.000Z',
    ...other,
  };
}

const standing = (given: Partial<Standing>): Standing => ({
  sagaId: SAGA,
  saga: sagaOf({}),
  run: TERMINATED,
  effects: [],
  hasOrder: true,
  cancelAccepted: false,
  ...given,
});

const paid: Statuses = { reserve_inventory: 'completed', process_payment: 'completed' };
const shipped: Statuses = { ...paid, create_shipment: 'completed' };
const done = sagaOf({ ...shipped, send_confirmation: 'completed' }, { state: 'COMPLETED' });
const undone = sagaOf({ reserve_inventory: 'compensated' }, { state: 'FAILED', reason: 'PaymentDeclined' });

describe('a saga was left behind (rule 27)', () => {
  it.each([
    ['TERMINATED', 'RunTerminated'],
    ['TIMED_OUT', 'RunTimedOut'],
    ['FAILED', 'RunFailed'],
  ])('if its run ended as %s without a verdict: %s', (status, cause) => {
    expect(judgeStanding(standing({ run: { ...TERMINATED, status } }))).toBe(cause);
    expect(judgeStanding(standing({ run: { ...TERMINATED, status }, saga: undefined }))).toBe(cause);
  });

  it('if Temporal does not know the run of an open saga', () => {
    expect(judgeStanding(standing({ run: NO_RUN }))).toBe('RunGone');
  });

  it('if effects are live that no saga owns; a notice is none', () => {
    expect(judgeStanding(standing({ run: NO_RUN, saga: undefined, effects: [PAYMENT] }))).toBe('NoSaga');
    expect(judgeStanding(standing({ run: NO_RUN, saga: undefined, effects: [CONFIRMATION] }))).toBeUndefined();
  });

  it('if an effect of an undone saga is live, unless it was waived', () => {
    const effects = [RESERVATION];
    expect(judgeStanding(standing({ saga: undone, effects }))).toBe('EffectsLeft');
    const waivers = [{ step: 'reserve_inventory', actor: 'olga', reason: 'kept' }];
    expect(judgeStanding(standing({ saga: { ...undone, waivers }, effects }))).toBeUndefined();
  });

  it('if an effect of a completed saga is gone (S4)', () => {
    const whole = [RESERVATION, PAYMENT, SHIPMENT, CONFIRMATION];
    expect(judgeStanding(standing({ saga: done, effects: whole }))).toBeUndefined();
    expect(judgeStanding(standing({ saga: done, effects: whole.slice(1) }))).toBe('EffectsGone');
  });

  it('if a reset order still runs, and effects of its completed steps are gone (S4)', () => {
    const lives = { run: { is: 'lives' } as const, effects: [RESERVATION] };
    expect(judgeStanding(standing({ ...lives, saga: sagaOf(paid, { branch: 1 }) }))).toBe('EffectsGone');
    expect(judgeStanding(standing({ ...lives, saga: sagaOf(paid) }))).toBeUndefined();
  });

  it('and not while it is paused, or while its last events are on their way (rule 51)', () => {
    expect(judgeStanding(standing({ run: { is: 'paused' }, effects: [PAYMENT] }))).toBeUndefined();
    expect(judgeStanding(standing({ run: { is: 'closed', status: 'COMPLETED' } }))).toBeUndefined();
  });
});

describe('a finding is closed (rule 46)', () => {
  it.each([[sagaOf({})], [sagaOf(paid, { branch: 1 })], [{ ...undone }], [{ ...done }], [undefined]])(
    'only if the books of the order could be read',
    (saga) => {
      expect(provesThatNothingIsLeft(standing({ saga, effects: undefined }))).toBe(false);
      expect(provesThatNothingIsLeft(standing({ saga, effects: [] }))).toBe(true);
    },
  );

  it('also for a saga of another type, whose books are not known', () => {
    const saga = sagaOf({}, { sagaType: 'Trip' });
    expect(provesThatNothingIsLeft(standing({ saga, effects: undefined }))).toBe(true);
    expect(provesThatNothingIsLeft(standing({ sagaId: 'trip-1', saga: undefined, effects: undefined }))).toBe(true);
  });
});

describe('a repair (rule 27)', () => {
  it.each([
    [{ is: 'lives' } as const, 'RunStillLives'],
    [{ is: 'paused' } as const, 'SagaPaused'],
    [{ is: 'closed', status: 'COMPLETED' } as const, 'NothingToRepair'],
  ])('is refused for a run that is %j: %s', (run, refused) => {
    expect(planRepair(standing({ run }))).toEqual({ refused });
  });

  it('of a saga without a verdict undoes what was done and fences what may still arrive', () => {
    const saga = sagaOf({ reserve_inventory: 'completed', process_payment: 'executing' });
    expect(planRepair(standing({ saga, effects: [RESERVATION] }))).toMatchObject({
      undoes: ['reserve_inventory', 'process_payment', 'create_shipment'],
      verdict: { state: 'FAILED', reason: 'RunEnded' },
      notice: true,
    });
  });

  it('leaves alone what was undone or waived before the run ended, unless the books show it', () => {
    const statuses: Statuses = { ...paid, create_shipment: 'compensated', process_payment: 'skipped' };
    const saga = sagaOf(statuses, { state: 'COMPENSATING', reason: 'ShippingRefused' });
    expect(planRepair(standing({ saga, effects: [RESERVATION, PAYMENT] }))).toMatchObject({
      undoes: ['reserve_inventory'],
    });
    expect(planRepair(standing({ saga, effects: [RESERVATION, PAYMENT, SHIPMENT] }))).toMatchObject({
      undoes: ['reserve_inventory', 'create_shipment'],
    });
  });

  it('ends CANCELLED if a cancel had been accepted, also one that only the history knows', () => {
    const cancelled = { state: 'CANCELLED', reason: 'CancelRequested' };
    const saga = sagaOf(paid, { state: 'COMPENSATING', reason: 'CancelRequested' });
    expect(planRepair(standing({ saga }))).toMatchObject({ verdict: cancelled });
    expect(planRepair(standing({ saga: sagaOf(paid), cancelAccepted: true }))).toMatchObject({ verdict: cancelled });
  });

  it('of a saga with a verdict keeps it, and undoes only steps that are named', () => {
    const whole = [PAYMENT, SHIPMENT, CONFIRMATION];
    const left = standing({ saga: done, effects: whole });
    expect(planRepair(left)).toEqual({ refused: 'StepsNotNamed' });
    expect(planRepair(left, ['send_confirmation'])).toEqual({ refused: 'StepsNotNamed' });
    expect(planRepair(left, ['process_payment'])).toMatchObject({
      undoes: ['process_payment'],
      keeps: { state: 'COMPLETED', reason: null },
      waives: ['process_payment'],
      notice: false,
    });
  });
});

describe('the preview of a repair (rule 47)', () => {
  it('accounts for the money to the cent and for the stock to the unit', () => {
    const left = standing({ saga: sagaOf(paid), effects: [RESERVATION, PAYMENT] });
    const seen = previewRepair(left, planRepair(left));
    expect(seen).toMatchObject({
      applies: true,
      verdict: { state: 'FAILED', reason: 'RunEnded' },
      money: { refunded: TOTAL },
      stock: { released: ITEMS },
      notice: { kind: 'cancellation' },
    });
    expect(seen.effects.map(({ step, becomes }) => [step, becomes])).toEqual([
      ['create_shipment', 'nothingToDo'],
      ['process_payment', 'undone'],
      ['reserve_inventory', 'undone'],
    ]);
  });

  it('of a refused repair has its code, and no effect', () => {
    const left = standing({ run: { is: 'lives' }, effects: [PAYMENT] });
    expect(previewRepair(left, planRepair(left))).toMatchObject({ applies: false, code: 'RunStillLives', effects: [] });
  });

  it('what a saga holds is its money less what was refunded, and its stock', () => {
    expect(holdsOf([RESERVATION, { ...PAYMENT, refunded: 299 }, CONFIRMATION])).toEqual({
      effects: [
        { step: 'reserve_inventory', effect: 'reservation', id: SAGA },
        { step: 'process_payment', effect: 'payment', id: SAGA },
      ],
      money: { amount: 4_000, currency: 'EUR' },
      stock: ITEMS,
    });
  });
});
