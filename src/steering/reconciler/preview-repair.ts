/** The preview of a repair: what it would undo, and the verdict that follows (rule 47). Pure. */
import { ORDER_STEPS } from '../../order.js';
import { moneyOf, stockOf, type Preview, type PreviewedEffect } from '../preview.js';
import type { RepairPlan, RepairRefused } from './plan-repair.js';
import type { Standing } from './standing.js';

const STEPS = ['create_shipment', 'process_payment', 'reserve_inventory'] as const;

export type RepairPreview = Omit<Preview, 'code'> & { readonly code: RepairRefused['refused'] | null };

/** Of a repair that is refused: its code, and no effect. Without the books, only what the journal knows counts as live. */
export function previewRepair(standing: Standing, plan: RepairPlan | RepairRefused): RepairPreview {
  const { sagaId, saga, effects: books } = standing;
  const basis = books ? 'books' : 'journal';
  const none = { money: { refunded: null, kept: null, charged: null }, stock: { released: [], held: [] } };
  if ('refused' in plan) {
    const nothing = { effects: [], ...none, notice: null, verdict: null, waived: [], basis } as const;
    return { applies: false, code: plan.refused, ...nothing };
  }
  const effects = STEPS.flatMap((step): PreviewedEffect[] => {
    const { effect } = ORDER_STEPS[step];
    const record = saga?.steps.find(({ name }) => name === step);
    const isLive = books ? books.some(({ kind }) => kind === effect) : record?.result !== undefined;
    // An action that was under way when the run ended may arrive before it is fenced.
    const certain = books !== undefined && record?.status !== 'executing';
    const becomes = plan.undoes.includes(step) ? (isLive ? 'undone' : 'nothingToDo') : 'kept';
    return becomes === 'kept' && !isLive ? [] : [{ step, effect, id: sagaId, becomes, certain }];
  });
  const total = plan.total ?? null;
  return {
    applies: true,
    code: null,
    effects,
    money: moneyOf(books, total, effects),
    stock: stockOf(books, [], effects),
    notice: plan.notice ? { kind: 'cancellation', id: `${sagaId}-cancellation` } : null,
    verdict: plan.verdict,
    waived: [...(saga?.waivers ?? []).map(({ step }) => step), ...plan.waives],
    basis,
  };
}
