/** A preview accounts for everything that is there, to the unit and to the cent (rule 47). */
import * as fc from 'fast-check';
import type { Effect } from '../../src/oracle/books.js';
import type { OrderStep } from '../../src/order.js';
import { applyEntry, blankRecord } from '../../src/saga/journal/fold.js';
import type { SagaEvent } from '../../src/saga/journal/events.js';
import type { SagaRecord } from '../../src/saga/record.js';
import { preview } from '../../src/steering/preview.js';
import type { PreviewedDecision } from '../../src/steering/preview-course.js';

const SAGA = 'order-1';
const TOTAL = { amount: 4_299, currency: 'EUR' };
const ITEMS = [
  { productId: '123', quantity: 2 },
  { productId: '124', quantity: 1 },
];
const STEPS = ['reserve_inventory', 'process_payment', 'create_shipment'] as const;
const EFFECTS: Readonly<Record<(typeof STEPS)[number], Effect>> = {
  reserve_inventory: { kind: 'reservation', id: SAGA, items: ITEMS, total: TOTAL },
  process_payment: { kind: 'payment', id: SAGA, currency: 'EUR', captured: 4_299, refunded: 0 },
  create_shipment: { kind: 'shipment', id: SAGA },
};
const who = { actor: 'olga', reason: 'why', requestId: 'r' };
const times = { timeoutAt: '2026-01-01T11:00:00.000Z' };

const fold = (events: readonly SagaEvent[]): SagaRecord =>
  events.reduce(
    (record, event, index) => applyEntry(record, { seq: index + 1, at: '2026-01-01T10:00:00.000Z', event }),
    blankRecord(SAGA),
  );

interface Scene {
  /** How many steps have been applied. */
  readonly applied: number;
  readonly fault: 'refused' | 'unknown' | 'waits' | 'cancelled';
  /** If the action whose outcome is unknown was applied. */
  readonly arrived: boolean;
  /** How many compensations have ended, and how. */
  readonly undone: readonly ('compensated' | 'nothingToDo' | 'skip')[];
}

/** A saga that goes forward or unwinds, as its events tell it, with the books that belong to it. */
function play({ applied, fault, arrived, undone }: Scene): { saga: SagaRecord; books: Effect[] } {
  const events: SagaEvent[] = [
    {
      type: 'SagaStarted',
      sagaType: 'OrderFulfillment',
      data: { orderId: '1', total: TOTAL },
      steps: [
        ...STEPS.map((name) => ({ name, kind: 'compensatable' as const })),
        { name: 'send_confirmation', kind: 'retriable' },
      ],
    },
  ];
  const stack: (typeof STEPS)[number][] = [];
  const live = new Set<OrderStep>();
  for (const step of STEPS.slice(0, applied)) {
    events.push(
      { type: 'SagaStepStarted', step, ...times },
      { type: 'SagaStepCompleted', step, attempts: 1, result: {} },
    );
    stack.push(step);
    live.add(step);
  }
  const next = STEPS[applied];
  if (fault === 'waits') events.push({ type: 'SagaWaitStarted', approval: 'order', until: '2027-01-01T00:00:00.000Z' });
  else if (fault === 'cancelled')
    events.push({ type: 'SagaCancelAccepted', by: 'update', unwinds: 'CancelRequested', ...who });
  else if (next) {
    events.push({ type: 'SagaStepStarted', step: next, ...times });
    if (fault === 'unknown') {
      events.push({ type: 'SagaStepTimedOut', step: next, attempts: 3, code: 'StepTimedOut', unwinds: 'StepTimedOut' });
      stack.push(next);
      if (arrived) live.add(next);
    } else
      events.push({
        type: 'SagaStepFailed',
        step: next,
        attempts: 1,
        code: 'PaymentDeclined',
        unwinds: 'PaymentDeclined',
      });
  }
  if (fault !== 'waits' && (fault === 'cancelled' || next)) {
    for (const outcome of undone) {
      const step = stack.pop();
      if (step === undefined) break;
      events.push({ type: 'SagaCompensationStarted', step, ...times });
      if (outcome === 'skip') events.push({ type: 'SagaIntervened', step, action: 'skip', ...who });
      else {
        events.push({ type: 'SagaCompensationCompleted', step, attempts: 1, outcome });
        live.delete(step);
      }
    }
    const step = stack.at(-1);
    if (step) {
      events.push(
        { type: 'SagaCompensationStarted', step, ...times },
        { type: 'SagaCompensationFailed', step, attempts: 1, code: 'RefundRefused' },
        { type: 'SagaBlocked', step, code: 'RefundRefused' },
      );
    }
  }
  return { saga: fold(events), books: STEPS.filter((step) => live.has(step)).map((step) => EFFECTS[step]) };
}

const scenes = fc.record({
  applied: fc.integer({ min: 0, max: 3 }),
  fault: fc.constantFrom('refused', 'unknown', 'waits', 'cancelled'),
  arrived: fc.boolean(),
  undone: fc.array(fc.constantFrom('compensated', 'nothingToDo', 'skip'), { maxLength: 3 }),
} as const) as fc.Arbitrary<Scene>;

const decisions: fc.Arbitrary<PreviewedDecision> = fc.oneof(
  fc.constantFrom('cancel', 'approve', 'reject').map((action) => ({ action }) as const),
  fc.record({
    action: fc.constantFrom('retry', 'skip', 'block', 'applied', 'notApplied'),
    step: fc.constantFrom(...STEPS),
  } as const) as fc.Arbitrary<PreviewedDecision>,
);

const now = Date.parse('2026-01-01T10:05:00.000Z');
const units = (lines: readonly { readonly quantity: number }[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0);

it('each live effect is undone or kept, once; the money and the stock are the sums of these (rule 47)', () => {
  let applied = 0;
  const found = fc.check(
    fc.property(scenes, decisions, (scene, decision) => {
      const { saga, books } = play(scene);
      const seen = preview({ saga, decision, books, items: ITEMS, now });
      if (!seen.applies) {
        expect(seen).toMatchObject({ code: expect.any(String) as string, effects: [], verdict: null, notice: null });
        return;
      }
      applied += 1;
      const here = seen.effects.filter(({ becomes }) => becomes === 'undone' || becomes === 'kept');
      const kinds = books.map(({ kind }) => kind).toSorted();
      expect(here.map(({ effect }) => String(effect)).toSorted()).toEqual(kinds);
      const isPaid = kinds.includes('payment');
      expect((seen.money.refunded?.amount ?? 0) + (seen.money.kept?.amount ?? 0)).toBe(isPaid ? TOTAL.amount : 0);
      const isHeld =
        kinds.includes('reservation') ||
        seen.effects.some(({ step, becomes }) => step === STEPS[0] && becomes === 'made');
      expect(units(seen.stock.released) + units(seen.stock.held)).toBe(isHeld ? units(ITEMS) : 0);
      // A verdict that is cleanly compensated keeps nothing but what was waived.
      if (seen.verdict && seen.verdict.state !== 'COMPLETED') {
        const kept = seen.effects.filter(({ becomes }) => becomes === 'kept').map(({ step }) => step);
        expect(kept.every((step) => seen.waived.includes(step))).toBe(true);
        expect(seen.notice).toEqual({ kind: 'cancellation', id: `${SAGA}-cancellation` });
      }
      if (decision.action === 'cancel') expect(seen.verdict?.state).toBe('CANCELLED');
      if (decision.action === 'block') expect(seen.verdict).toBeNull();
    }),
    { numRuns: 2_000 },
  );
  // A failed property is a failed assertion, with its seed and its smallest case.
  expect(found.failed ? fc.stringify([found.seed, found.counterexample, String(found.errorInstance)]) : '').toBe('');
  expect(applied).toBeGreaterThan(200);
});

it('without the books a preview says so, and is certain of nothing but what the journal knows (rule 47)', () => {
  const { saga } = play({ applied: 2, fault: 'unknown', arrived: false, undone: [] });
  const seen = preview({
    saga,
    decision: { action: 'retry', step: 'create_shipment' },
    books: undefined,
    items: ITEMS,
    now,
  });
  expect(seen.basis).toBe('journal');
  expect(seen.effects.map(({ step, becomes, certain }) => [step, becomes, certain])).toEqual([
    ['create_shipment', 'nothingToDo', false],
    ['process_payment', 'undone', true],
    ['reserve_inventory', 'undone', true],
  ]);
  expect(seen.money.refunded).toEqual(TOTAL);
  expect(seen.stock.released).toEqual(ITEMS);
});

it('an approval whose time has passed is refused as the saga refuses it (rule 47)', () => {
  const { saga, books } = play({ applied: 1, fault: 'waits', arrived: false, undone: [] });
  const late = Date.parse('2027-01-01T00:00:00.000Z');
  for (const action of ['approve', 'reject'] as const) {
    expect(preview({ saga, decision: { action }, books, now: late }).code).toBe('ApprovalExpired');
    expect(preview({ saga, decision: { action }, books, now }).applies).toBe(true);
  }
});
