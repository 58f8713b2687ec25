/** How one acknowledged order must have ended, by what its customer was told and what the participants have refused. */
import type { OrderClass } from './plan.js';
import { REFUSAL_CODE, type CancelAnswer, type LedgerFound, type OrderRecord, type SagaFound } from './records.js';

const PARTICIPANTS = ['inventory', 'payment', 'shipping'] as const;
type Participant = (typeof PARTICIPANTS)[number];

/** Who refuses an order of this class, if it gets that far. */
const REFUSED_BY: Partial<Record<OrderClass, Participant>> = {
  outOfStock: 'inventory',
  /** Accepted only while the API could not look it up. */
  unknownProduct: 'inventory',
  declined: 'payment',
  unserviceable: 'shipping',
};

/** Refusals that the order itself does not explain: there must have been an injected fault for each. */
export function injectedRefusal({ order }: OrderRecord, ledger: LedgerFound): Participant | undefined {
  const refusedBy = PARTICIPANTS.find((participant) => ledger[participant].status === 'refused');
  const own = REFUSED_BY[order.class];
  if (refusedBy === undefined || refusedBy === own) return undefined;
  return order.class === 'scarce' && refusedBy === 'inventory' ? undefined : refusedBy;
}

export type CancelOutcome = 'none' | 'accepted' | 'refused' | 'undecided';

/**
 * What the customer may hold us to. A refusal after an undecided answer may be that of a repeat of the accepted
 * request, unless it says that the order was fulfilled.
 */
export function cancelOutcome(answers: readonly CancelAnswer[]): CancelOutcome {
  const [first] = answers;
  if (first === undefined) return 'none';
  if (answers.some(({ kind }) => kind === 'accepted')) return 'accepted';
  const fulfilled = answers.some((answer) => answer.kind === 'refused' && answer.code === 'AlreadyFulfilled');
  return first.kind === 'refused' || fulfilled ? 'refused' : 'undecided';
}

/** A sentence for each way in which the order has not ended as it must. */
export function disagreements(record: OrderRecord, saga: SagaFound, ledger: LedgerFound): string[] {
  const { order, cancels } = record;
  const outcome = cancelOutcome(cancels);
  const without = verdictWithoutCancel(ledger);
  const allowed = {
    none: [without],
    refused: [without],
    accepted: ['CANCELLED'],
    undecided: [without, 'CANCELLED'],
  }[outcome];
  const found = saga.state === 'FAILED' ? `FAILED ${saga.reason ?? ''}` : saga.state;
  const told = `cancel: ${outcome}; refusals in the ledgers: ${refusalsIn(ledger)}`;
  return [
    ...(allowed.includes(found) ? [] : [`is ${found}, must be ${allowed.join(' or ')} (${told})`]),
    ...contradictions(cancels, saga),
    ...skippedRefusal(order.class, saga),
  ];
}

function verdictWithoutCancel(ledger: LedgerFound): string {
  const refusedBy = PARTICIPANTS.find((participant) => ledger[participant].status === 'refused');
  return refusedBy === undefined ? 'COMPLETED' : `FAILED ${ledger[refusedBy].code ?? REFUSAL_CODE[refusedBy]}`;
}

const refusalsIn = (ledger: LedgerFound): string =>
  PARTICIPANTS.filter((participant) => ledger[participant].status === 'refused').join(', ') || 'none';

/** A final state that the API named in a 409 must have been final. */
function contradictions(cancels: readonly CancelAnswer[], { state }: SagaFound): string[] {
  return cancels.flatMap((answer) => {
    if (answer.kind !== 'refused') return [];
    const named = answer.code === 'AlreadyFulfilled' ? 'COMPLETED' : answer.state;
    const final = named === 'COMPLETED' || answer.code === 'AlreadyEnded';
    return final && named !== state ? [`is ${state}, but a cancel was refused because it is ${named}`] : [];
  });
}

/** An order that somebody had to refuse cannot have been completed. */
const skippedRefusal = (kind: OrderClass, { state }: SagaFound): string[] =>
  REFUSED_BY[kind] !== undefined && state === 'COMPLETED'
    ? [`is COMPLETED, although ${REFUSED_BY[kind]} refuses it`]
    : [];
