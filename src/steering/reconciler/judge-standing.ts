/** The reconciler's judgement: which sagas were left behind, and what they hold (rule 27). Pure. */
import type { Effect } from '../../oracle/books.js';
import { compareSagas } from '../../oracle/compare-books.js';
import { orderIdOf, ORDER_STEPS, STEP_OF, type Money, type OrderItem, type OrderStep } from '../../order.js';
import { SAGA_TYPE } from '../../workflows/messages.js';
import { hasEnded } from '../status.js';
import type { Standing } from './standing.js';

/**
 * `RunTerminated`, `RunTimedOut`, `RunFailed`: its run ended without a verdict. `RunGone`: so did a run that Temporal does
 * not know any more. `NoSaga`: effects are live that no saga owns. `EffectsLeft`: effects are live although the verdict says
 * that they were undone. `EffectsGone`: steps stand completed, and their effects are gone.
 */
export const CAUSES = [
  ...(['RunTerminated', 'RunTimedOut', 'RunFailed', 'RunGone'] as const),
  ...(['NoSaga', 'EffectsLeft', 'EffectsGone'] as const),
] as const;
export type Cause = (typeof CAUSES)[number];

/** What a saga that was left behind still holds. */
export interface Holds {
  readonly effects: readonly { readonly step: string; readonly effect: string; readonly id: string }[];
  /** Captured less refunded, in minor units; null if nothing is. */
  readonly money: Money | null;
  readonly stock: readonly OrderItem[];
}

const OF_STATUS: Readonly<Record<string, Cause>> = {
  TERMINATED: 'RunTerminated',
  TIMED_OUT: 'RunTimedOut',
  FAILED: 'RunFailed',
};

const isPhysical = ({ kind }: Effect): boolean => kind !== 'confirmation' && kind !== 'cancellation';

/** Undefined if nothing was left behind, or if that cannot be said at present. A paused run is none of these (rule 51). */
export function judgeStanding({ sagaId, saga, run, effects }: Standing): Cause | undefined {
  if (run.is === 'paused') return undefined;
  const isOrder = saga === undefined || saga.sagaType === SAGA_TYPE;
  if (run.is === 'lives')
    return saga && isOrder && effects && saga.branch > 0 ? goneOfRunning(saga, effects) : undefined;
  if (saga && hasEnded(saga)) {
    if (!isOrder || !effects) return undefined;
    const { state, waivers, deadLetters } = saga;
    const kinds = compareSagas({
      effects,
      verdicts: [{ sagaId, state, waivers, deadLetters }],
    }).map(({ kind }) => kind);
    return kinds.includes('leftover') ? 'EffectsLeft' : kinds.includes('missing-effect') ? 'EffectsGone' : undefined;
  }
  if (run.is === 'ended') return OF_STATUS[run.status ?? ''];
  // Its last events are on their way to the journal.
  if (run.is === 'closed') return undefined;
  if (saga) return 'RunGone';
  return effects?.some(isPhysical) ? 'NoSaga' : undefined;
}

/** If nothing was found, whether that is certain: the books of an order could be read. Those of other sagas are not known here. */
export const provesThatNothingIsLeft = ({ sagaId, saga, effects }: Standing): boolean =>
  effects !== undefined || orderIdOf(sagaId) === undefined || (saga !== undefined && saga.sagaType !== SAGA_TYPE);

/** A run that was reset behind an unwinding: its steps stand completed, and their effects were undone (S4). */
function goneOfRunning({ steps }: NonNullable<Standing['saga']>, effects: readonly Effect[]): Cause | undefined {
  const isGone = steps.some(({ name, kind, status }) => {
    const effect = Object.hasOwn(ORDER_STEPS, name) ? ORDER_STEPS[name as OrderStep].effect : undefined;
    return kind === 'compensatable' && status === 'completed' && !effects.some((live) => live.kind === effect);
  });
  return isGone ? 'EffectsGone' : undefined;
}

/** The effects without notices, the money that was not refunded, and the stock that is held. */
export function holdsOf(effects: readonly Effect[] = []): Holds {
  const payment = effects.find((effect) => effect.kind === 'payment');
  return {
    effects: effects.filter(isPhysical).map(({ kind, id }) => ({ step: STEP_OF[kind], effect: kind, id })),
    money: payment ? { amount: payment.captured - payment.refunded, currency: payment.currency } : null,
    stock: effects.find((effect) => effect.kind === 'reservation')?.items ?? [],
  };
}
