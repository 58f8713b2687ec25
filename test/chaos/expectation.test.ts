import { cancelOutcome, disagreements, injectedRefusal } from './expectation.js';
import type { CancelAnswer } from './records.js';
import { ledger, order, saga } from './right-run.js';

const accepted: CancelAnswer = { kind: 'accepted' };
const undecided: CancelAnswer = { kind: 'undecided' };
const refused = (code: string, state?: string): CancelAnswer => ({ kind: 'refused', code, state });

describe('what a customer may hold us to who has cancelled', () => {
  it.each([
    ['none', []],
    ['accepted', [accepted]],
    ['accepted', [undecided, accepted]],
    ['refused', [refused('AlreadyUnwinding', 'COMPENSATING')]],
    ['undecided', [undecided, undecided]],
    // The repeat of a request that was accepted finds the saga unwinding.
    ['undecided', [undecided, refused('AlreadyUnwinding', 'COMPENSATING')]],
    ['undecided', [undecided, refused('AlreadyEnded', 'CANCELLED')]],
    ['refused', [undecided, refused('AlreadyFulfilled')]],
  ] as const)('is "%s" after %j', (outcome, answers) => {
    expect(cancelOutcome(answers)).toBe(outcome);
  });
});

describe('an acknowledged order', () => {
  it('that was neither refused nor cancelled must be COMPLETED', () => {
    expect(disagreements(order('plain'), saga('COMPLETED'), ledger())).toEqual([]);
    for (const state of ['CANCELLED', 'PENDING', 'FAILED']) {
      expect(disagreements(order('plain'), saga(state), ledger())).toHaveLength(1);
    }
  });

  it('that a participant refused must be FAILED, for that reason', () => {
    const declined = ledger({ payment: { status: 'refused', code: 'PaymentDeclined' } });
    expect(disagreements(order('declined'), saga('FAILED', 'PaymentDeclined'), declined)).toEqual([]);
    expect(disagreements(order('declined'), saga('FAILED', 'StepTimedOut'), declined)).toHaveLength(1);
    expect(disagreements(order('declined'), saga('CANCELLED'), declined)).toHaveLength(1);
    expect(disagreements(order('plain'), saga('COMPLETED'), declined)).toHaveLength(1);
  });

  it('whose content must be refused cannot be COMPLETED, even if the ledgers agree', () => {
    for (const kind of ['declined', 'unserviceable', 'outOfStock', 'unknownProduct'] as const) {
      expect(disagreements(order(kind), saga('COMPLETED'), ledger())).toHaveLength(1);
    }
  });

  it('whose cancel was accepted must be CANCELLED, even if a participant refused it in between', () => {
    const declined = ledger({ payment: { status: 'refused', code: 'PaymentDeclined' } });
    const cancelled = order('plain', [accepted]);
    expect(disagreements(cancelled, saga('CANCELLED'), declined)).toEqual([]);
    expect(disagreements(cancelled, saga('FAILED', 'PaymentDeclined'), declined)).toHaveLength(1);
    expect(disagreements(cancelled, saga('COMPLETED'), ledger())).toHaveLength(1);
  });

  it('whose cancel was left undecided may be CANCELLED or not, but nothing else', () => {
    const unsure = order('plain', [undecided]);
    expect(disagreements(unsure, saga('CANCELLED'), ledger())).toEqual([]);
    expect(disagreements(unsure, saga('COMPLETED'), ledger())).toEqual([]);
    expect(disagreements(unsure, saga('FAILED', 'PaymentDeclined'), ledger())).toHaveLength(1);
  });

  it('must have kept the state for which its cancel was refused', () => {
    const fulfilled = order('plain', [refused('AlreadyFulfilled')]);
    expect(disagreements(fulfilled, saga('COMPLETED'), ledger())).toEqual([]);
    expect(disagreements(fulfilled, saga('CANCELLED'), ledger())).toHaveLength(2);
    const ended = order('plain', [undecided, refused('AlreadyEnded', 'CANCELLED')]);
    expect(disagreements(ended, saga('COMPLETED'), ledger())).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('is injected if the content of the order does not explain it', () => {
    const payment = ledger({ payment: { status: 'refused' } });
    const inventory = ledger({ inventory: { status: 'refused' } });
    expect(injectedRefusal(order('plain'), payment)).toBe('payment');
    expect(injectedRefusal(order('declined'), payment)).toBeUndefined();
    expect(injectedRefusal(order('declined'), inventory)).toBe('inventory');
    expect(injectedRefusal(order('scarce'), inventory)).toBeUndefined();
    expect(injectedRefusal(order('plain'), ledger())).toBeUndefined();
  });
});
