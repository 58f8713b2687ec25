/** The plan of a repair: which effects it undoes, and which verdict follows. Pure, so that a preview is made of the same plan. */
import type { EffectKind } from '../../oracle/books.js';
import { ORDER_STEPS, type Money, type OrderStep } from '../../order.js';
import type { ProblemCode } from '../../problems.js';
import { CANCEL_REQUESTED, isCommitted, RUN_ENDED, SAGA_TYPE, type StepRecord } from '../../workflows/messages.js';
import { hasEnded } from '../status.js';
import { judgeStanding } from './judge-standing.js';
import type { Standing } from './standing.js';

const COMPENSATABLE = [
  'reserve_inventory',
  'process_payment',
  'create_shipment',
] as const satisfies readonly OrderStep[];

type Verdict = { readonly state: 'COMPLETED' | 'FAILED' | 'CANCELLED'; readonly reason: string | null };

export interface RepairPlan {
  /** In the order in which they were made; they are undone in reverse. */
  readonly undoes: readonly (typeof COMPENSATABLE)[number][];
  /** The verdict that the saga has, and keeps. */
  readonly keeps: Verdict | undefined;
  /** The reason of a saga that has none. */
  readonly unwinds: string | undefined;
  readonly verdict: Verdict;
  readonly waives: readonly string[];
  readonly notice: boolean;
  readonly total: Money | undefined;
}

export interface RepairRefused {
  readonly refused: Extract<
    ProblemCode,
    'SagaNotFound' | 'RunStillLives' | 'SagaPaused' | 'NothingToRepair' | 'NotRepairable' | 'StepsNotNamed'
  >;
}

/** Nothing is left of these, as far as the saga knows; what a waiver left is the operator's. */
const CLEAN: ReadonlySet<StepRecord['status']> = new Set(['compensated', 'nothingToDo', 'failed']);

/** @param named steps whose effects are to be undone: needed for a saga that has a verdict, and for no other */
export function planRepair(standing: Standing, named: readonly string[] = []): RepairPlan | RepairRefused {
  const { saga, run, effects, hasOrder } = standing;
  if (run.is === 'paused') return { refused: 'SagaPaused' };
  if (run.is === 'lives') return { refused: 'RunStillLives' };
  if (saga && saga.sagaType !== SAGA_TYPE) return { refused: 'NotRepairable' };
  if (!saga && run.is === 'none' && !effects?.length && !hasOrder) return { refused: 'SagaNotFound' };
  if (judgeStanding(standing) === undefined) return { refused: 'NothingToRepair' };
  const isLive = (kind: EffectKind): boolean => effects?.some((effect) => effect.kind === kind) ?? false;
  const payment = effects?.find((effect) => effect.kind === 'payment');
  const { total = payment && { amount: payment.captured, currency: payment.currency } } = Object(saga?.data) as {
    readonly total?: Money;
  };
  if (saga && hasEnded(saga)) {
    const undoes = COMPENSATABLE.filter((step) => named.includes(step));
    if (undoes.length === 0 || undoes.length < new Set(named).size) return { refused: 'StepsNotNamed' };
    const keeps: Verdict = { state: saga.state as Verdict['state'], reason: saga.reason };
    // A COMPLETED order promises its effects; what a named operator takes away from it is waived.
    const waives = keeps.state === 'COMPLETED' ? undoes : [];
    return { undoes, keeps, unwinds: undefined, verdict: keeps, waives, notice: false, total };
  }
  // A step that never began, as far as the journal knows, may still arrive: its compensation fences it.
  const statusOf = (name: string) => saga?.steps.find((step) => step.name === name)?.status ?? 'pending';
  const undoes = COMPENSATABLE.filter((step) => {
    if (statusOf(step) === 'skipped') return false;
    return !CLEAN.has(statusOf(step)) || isLive(ORDER_STEPS[step].effect);
  });
  const isCancelled =
    saga?.reason === CANCEL_REQUESTED ||
    (standing.cancelAccepted && saga !== undefined && saga.reason === null && !isCommitted(saga));
  const reason = isCancelled ? CANCEL_REQUESTED : RUN_ENDED;
  // The customer may have been promised the goods already; the order was ended all the same.
  const isPromised = isLive('confirmation') || statusOf('send_confirmation') !== 'pending';
  const waives = [
    ...(isPromised ? ['send_confirmation'] : []),
    // The customer's address stands in the order's row.
    ...(hasOrder ? [] : ['send_cancellation_notice']),
  ];
  const verdict = { state: isCancelled ? ('CANCELLED' as const) : ('FAILED' as const), reason };
  return { undoes, keeps: undefined, unwinds: reason, verdict, waives, notice: hasOrder, total };
}
