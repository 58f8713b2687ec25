/** A small run in which all is right, to be made wrong in one place by a test. */
import { sagaIdOf } from '../../src/order.js';
import type { OrderClass, PlannedFault } from './plan.js';
import type { CancelAnswer, LedgerFound, OrderRecord, Records, SagaFound } from './records.js';

export const order = (kind: OrderClass, cancels: readonly CancelAnswer[] = [], orderId = 'a'): OrderRecord => ({
  order: { orderId, class: kind, items: [{ productId: '123', quantity: 1 }] },
  placing: 'acknowledged',
  cancels: [...cancels],
  oddities: [],
});

export const saga = (state: string, reason: string | null = null): SagaFound => ({
  state,
  reason,
  blockedOn: null,
  deadLetters: [],
});

export const ledger = (rows: Partial<LedgerFound> = {}): LedgerFound => {
  const applied = { status: 'applied' };
  return { inventory: applied, payment: applied, shipping: applied, ...rows };
};

export const refusal = (service: PlannedFault['service']): PlannedFault => ({
  after: 0,
  service,
  fault: { mode: 'refuse', operation: 'PUT', times: 1, delayMs: 0 },
});

const declined = ledger({ inventory: { status: 'undone' }, payment: { status: 'refused', code: 'PaymentDeclined' } });

/** `a` is completed, `b` declined, `c` cancelled; the worker was killed once. */
export function rightRun(): Records {
  const ids = ['a', 'b', 'c'];
  const states = ['COMPLETED', 'FAILED', 'CANCELLED'] as const;
  const blow = { victim: 'worker', signal: 'SIGKILL', after: 1, momentMs: 0, stillMs: 0 } as const;
  return {
    orders: [order('plain', [], 'a'), order('declined', [], 'b'), order('plain', [{ kind: 'accepted' }], 'c')],
    blows: [{ blow, struck: true, recovered: true }],
    faults: [],
    deaths: [],
    findings: {
      sagas: new Map([
        ['a', saga('COMPLETED')],
        ['b', saga('FAILED', 'PaymentDeclined')],
        ['c', saga('CANCELLED')],
      ]),
      ledgers: new Map([
        ['a', ledger()],
        ['b', declined],
        ['c', ledger({ inventory: { status: 'undone' } })],
      ]),
      verdicts: new Map(ids.map((id, index) => [sagaIdOf(id), states[index] ?? ''])),
      workflows: new Map(ids.map((id) => [sagaIdOf(id), 1])),
      differences: [],
      journal: [],
    },
  };
}
