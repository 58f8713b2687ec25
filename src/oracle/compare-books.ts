/**
 * The oracle (rule 34): compares the books of the four services with the verdicts of the sagas, to the unit and to
 * the cent. Pure; `audit.ts` reads the books, in the right order.
 *
 *   a. Every reservation, payment and shipment has a running or COMPLETED owner; every COMPLETED order has all three.
 *   b. A `-confirmation` belongs to a running or COMPLETED order, a `-cancellation` to an unwinding, FAILED or CANCELLED one.
 *   c. Every COMPLETED order has its confirmation, every FAILED or CANCELLED one its cancellation, save dead letters.
 *   d. Held stock equals `reserved`, product by product.
 *   e. Captured − refunded equals the totals of the COMPLETED orders and the live payments of the running ones.
 *   f. Each verdict agrees but for its waivers, which are reported and are no differences.
 */
import { formatMoney, STEP_OF } from '../order.js';
import type { Effect, EffectKind, Payment, ProductStock, Verdict } from './books.js';
import { ownerOf } from './books.js';
import { compareStock } from './compare-stock.js';
import type { Difference, DifferenceKind } from './difference.js';

export interface Books {
  readonly effects: readonly Effect[];
  readonly products: readonly ProductStock[];
  readonly verdicts: readonly Verdict[];
}

const PHYSICAL = ['reservation', 'payment', 'shipment'] as const;

const isRunning = ({ state }: Verdict): boolean =>
  state === 'STARTED' || state === 'PENDING' || state === 'COMPENSATING';

const isWaived = (verdict: Verdict, effect: EffectKind): boolean =>
  verdict.waivers.some(({ step }) => step === STEP_OF[effect]);

const netOf = (payment: Payment): number => payment.captured - payment.refunded;

export function compareBooks({ effects, products, verdicts }: Books): Difference[] {
  const reservations = effects.filter((effect) => effect.kind === 'reservation');
  return [...compareSagas({ effects, verdicts }), ...compareStock({ reservations, products, passing: [] })];
}

/** All clauses but d, which involves no saga. */
export function compareSagas({ effects, verdicts }: Pick<Books, 'effects' | 'verdicts'>): Difference[] {
  const verdictOf = new Map(verdicts.map((verdict) => [verdict.sagaId, verdict]));
  const effectsOf = groupByOwner(effects);
  return [
    ...effects.flatMap((effect) => compareOwner(effect, verdictOf.get(ownerOf(effect)))),
    ...verdicts.flatMap((verdict) => compareVerdict(verdict, effectsOf.get(verdict.sagaId) ?? [])),
    ...compareMoney(verdictOf, effectsOf),
  ];
}

function groupByOwner(effects: readonly Effect[]): Map<string, Effect[]> {
  const groups = new Map<string, Effect[]>();
  for (const effect of effects) {
    const group = groups.get(ownerOf(effect));
    if (group === undefined) groups.set(ownerOf(effect), [effect]);
    else group.push(effect);
  }
  return groups;
}

/** Clauses a and b, seen from the effect: may its owner have it? */
function compareOwner(effect: Effect, owner: Verdict | undefined): Difference[] {
  const sagaId = ownerOf(effect);
  const differs = (kind: DifferenceKind, why: string): Difference[] => [
    { kind, sagaId, effect: effect.kind, sentence: `The ${effect.kind} ${effect.id} is live, but ${why}.` },
  ];
  if (owner === undefined) return differs('orphan', 'no saga of this id is known');
  if (owner.state === 'ABANDONED') return differs('orphan', 'its saga ended without a verdict');
  if (effect.kind === 'confirmation') {
    const belongs = owner.state === 'COMPLETED' || (isRunning(owner) && owner.state !== 'COMPENSATING');
    if (belongs || isWaived(owner, 'confirmation')) return [];
    return differs('wrong-notice', `its saga is ${owner.state}: the customer was promised the goods`);
  }
  if (effect.kind === 'cancellation') {
    const belongs = owner.state === 'COMPENSATING' || owner.state === 'FAILED' || owner.state === 'CANCELLED';
    return belongs ? [] : differs('wrong-notice', `its saga is ${owner.state}: the customer was told otherwise`);
  }
  if (isRunning(owner) || owner.state === 'COMPLETED' || isWaived(owner, effect.kind)) return [];
  return differs('leftover', `its saga is ${owner.state} and waived nothing of it`);
}

/** Clauses a and c, seen from the verdict: are its effects there? */
function compareVerdict(verdict: Verdict, own: readonly Effect[]): Difference[] {
  const { sagaId, state } = verdict;
  const has = (kind: EffectKind): boolean => own.some((effect) => effect.kind === kind);
  const missing = (kind: DifferenceKind, effect: EffectKind): Difference[] => [
    { kind, sagaId, effect, sentence: `${sagaId} is ${state}, but has no live ${effect}.` },
  ];
  if (state === 'ABANDONED') {
    const sentence = `The run of ${sagaId} ended without a verdict: no run finishes or undoes this order.`;
    return [{ kind: 'abandoned', sagaId, effect: 'saga', sentence }];
  }
  if (isRunning(verdict)) return [];
  const notice = state === 'COMPLETED' ? 'confirmation' : 'cancellation';
  const excused = verdict.deadLetters.includes(STEP_OF[notice]) || isWaived(verdict, notice);
  const differences = has(notice) || excused ? [] : missing('missing-notice', notice);
  if (state !== 'COMPLETED') return differences;
  return [
    ...differences,
    ...PHYSICAL.filter((kind) => !has(kind) && !isWaived(verdict, kind)).flatMap((kind) =>
      missing('missing-effect', kind),
    ),
    ...compareAmount(verdict, own),
  ];
}

/** Clause e for one COMPLETED order: the saga, the reservation and the payment name the same amount. */
function compareAmount(verdict: Verdict, own: readonly Effect[]): Difference[] {
  const { sagaId } = verdict;
  const total = totalOf(verdict, own);
  if (total === undefined) return [];
  return own.flatMap((effect) => {
    if (effect.kind !== 'payment' && effect.kind !== 'reservation') return [];
    if (isWaived(verdict, effect.kind)) return [];
    const amount = effect.kind === 'payment' ? { amount: netOf(effect), currency: effect.currency } : effect.total;
    if (amount.amount === total.amount && amount.currency === total.currency) return [];
    const sentence = `${sagaId} is COMPLETED over ${formatMoney(total)}, but its ${effect.kind} is over ${formatMoney(amount)}.`;
    return [{ kind: 'amount', sagaId, effect: effect.kind, sentence } as const];
  });
}

const totalOf = (verdict: Verdict, own: readonly Effect[]) =>
  verdict.total ?? own.find((effect) => effect.kind === 'reservation')?.total;

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}

/** Clause e over everything: the captured money equals the totals of the orders, currency by currency. */
function compareMoney(
  verdictOf: ReadonlyMap<string, Verdict>,
  effectsOf: ReadonlyMap<string, readonly Effect[]>,
): Difference[] {
  const inTill = new Map<string, number>();
  const explained = new Map<string, number>();
  for (const [sagaId, own] of effectsOf) {
    const owner = verdictOf.get(sagaId);
    for (const effect of own) {
      if (effect.kind !== 'payment') continue;
      add(inTill, effect.currency, netOf(effect));
      if (owner !== undefined && (isRunning(owner) || isWaived(owner, 'payment'))) {
        add(explained, effect.currency, netOf(effect));
      }
    }
  }
  for (const verdict of verdictOf.values()) {
    const isCharged = verdict.state === 'COMPLETED' && !isWaived(verdict, 'payment');
    const total = isCharged ? totalOf(verdict, effectsOf.get(verdict.sagaId) ?? []) : undefined;
    if (total !== undefined) add(explained, total.currency, total.amount);
  }
  return [...new Set([...inTill.keys(), ...explained.keys()])].flatMap((currency) => {
    const captured = { amount: inTill.get(currency) ?? 0, currency };
    const expected = { amount: explained.get(currency) ?? 0, currency };
    if (captured.amount === expected.amount) return [];
    const sentence = `Captured less refunded is ${formatMoney(captured)}, but the orders explain ${formatMoney(expected)}.`;
    return [{ kind: 'money', sagaId: null, effect: currency, sentence } as const];
  });
}
