/**
 * The preview of a decision: what it would do, if every call succeeds and nothing else happens in between (rule 47). Pure: it
 * needs the saga's record and the live effects of its participants, and signals nothing to the workflow.
 */
import { ORDER_STEPS, type Money, type OrderItem, type OrderStep } from '../order.js';
import type { Effect } from '../oracle/books.js';
import { SAGA_TYPE, verdictOf, type SagaRecord, type StepRecord } from '../workflows/messages.js';
import { courseOf, type Course, type PreviewedDecision } from './preview-course.js';

/** The outcome for one effect. `made`: the saga goes forward and makes it. `nothingToDo`: there is nothing to undo. */
export interface PreviewedEffect {
  readonly step: string;
  /** Null for a saga that is no order's: only its own code knows what its steps leave behind. */
  readonly effect: string | null;
  /** The effect's id at its participant. */
  readonly id: string;
  readonly becomes: 'undone' | 'kept' | 'nothingToDo' | 'made';
  /** False while its action is under way, or if the books could not be read and the journal does not know. */
  readonly certain: boolean;
}

export interface Preview {
  readonly applies: boolean;
  /** The code of the refusal; null if it applies. */
  readonly code: Exclude<Course, { readonly to: string }>['refused'] | null;
  /** In the order in which they would be undone; when the saga goes forward, in the order of the steps. */
  readonly effects: readonly PreviewedEffect[];
  /** Minor units. Null: nothing of the kind. */
  readonly money: { readonly refunded: Money | null; readonly kept: Money | null; readonly charged: Money | null };
  readonly stock: { readonly released: readonly OrderItem[]; readonly held: readonly OrderItem[] };
  /** The mail to the customer; null if none goes out. */
  readonly notice: { readonly kind: 'confirmation' | 'cancellation'; readonly id: string } | null;
  /** Null: the saga goes on to wait. */
  readonly verdict: { readonly state: string; readonly reason: string | null } | null;
  /** Steps that the verdict would list as waived. */
  readonly waived: readonly string[];
  /** `journal`: the participants' books could not be read. */
  readonly basis: 'books' | 'journal';
}

export interface PreviewInput {
  readonly saga: SagaRecord;
  readonly decision: PreviewedDecision;
  /** The live effects of this saga; undefined if they could not be read. */
  readonly books: readonly Effect[] | undefined;
  /** Of the order, for a preview without books. */
  readonly items?: readonly OrderItem[] | undefined;
  /** Milliseconds since the epoch, in Temporal's time. */
  readonly now: number;
}

const ON_THE_STACK: ReadonlySet<string> = new Set(['completed', 'unknown', 'compensating', 'executing']);

/** What the decision would do. */
export function preview(input: PreviewInput): Preview {
  const { saga, decision, books, now } = input;
  const course = courseOf(saga, decision, now);
  const basis = books ? 'books' : 'journal';
  if ('refused' in course) {
    const none = { money: { refunded: null, kept: null, charged: null }, stock: { released: [], held: [] } };
    return {
      applies: false,
      code: course.refused,
      effects: [],
      ...none,
      notice: null,
      verdict: null,
      waived: [],
      basis,
    };
  }
  const effects = effectsOf(input, course);
  const waived = [...saga.waivers.map(({ step }) => step), ...(course.waives === undefined ? [] : [course.waives])];
  return {
    applies: true,
    code: null,
    effects,
    money: moneyOf(books, total(saga), effects),
    stock: stockOf(books, input.items ?? [], effects),
    notice: noticeOf(input, course),
    verdict: verdictAfter(saga, course),
    waived,
    basis,
  };
}

function verdictAfter(saga: SagaRecord, course: Exclude<Course, { readonly refused: string }>): Preview['verdict'] {
  if (course.to === 'waits') return null;
  return verdictOf({ ...saga, ...(course.to === 'unwinds' && { state: 'COMPENSATING', reason: course.reason }) });
}

const effectOfStep = (sagaType: string, step: string): string | null =>
  sagaType === SAGA_TYPE && Object.hasOwn(ORDER_STEPS, step) ? ORDER_STEPS[step as OrderStep].effect : null;

/** If the step's effect is there, and how well that is known. */
function isLive(
  { saga, books }: PreviewInput,
  { name, status, result }: StepRecord,
): { live: boolean; certain: boolean } {
  const effect = effectOfStep(saga.sagaType, name);
  if (!books || effect === null)
    return { live: status === 'skipped' || result !== undefined, certain: result !== undefined };
  return { live: books.some(({ kind }) => kind === effect), certain: status !== 'executing' };
}

function effectsOf(input: PreviewInput, course: Exclude<Course, { readonly refused: string }>): PreviewedEffect[] {
  const { saga } = input;
  const about = (step: StepRecord, becomes: PreviewedEffect['becomes'], certain: boolean): PreviewedEffect => ({
    step: step.name,
    effect: effectOfStep(saga.sagaType, step.name),
    id: saga.sagaId,
    becomes,
    certain,
  });
  const compensatable = saga.steps.filter(({ kind }) => kind === 'compensatable');
  if (course.to === 'completes') {
    const ahead = (step: StepRecord) => step.status === 'pending' || step.status === 'executing';
    return compensatable
      .filter((step) => ahead(step) || step.status === 'completed')
      .map((step) => (ahead(step) ? about(step, 'made', false) : about(step, 'kept', isLive(input, step).certain)));
  }
  return compensatable.toReversed().flatMap((step) => {
    const { live, certain } = isLive(input, step);
    if (step.status === 'skipped') return live ? [about(step, 'kept', certain)] : [];
    if (!ON_THE_STACK.has(step.status)) return [];
    const isKept = course.to === 'waits' || course.waives === step.name;
    if (isKept) return live ? [about(step, 'kept', certain)] : [];
    const isThere = live && !(course.to === 'unwinds' && course.nothingAt === step.name);
    return [about(step, isThere ? 'undone' : 'nothingToDo', certain)];
  });
}

const total = ({ data }: SagaRecord): Money | null => {
  const { total: found } = data as { readonly total?: Money };
  return found ?? null;
};

/** The money that a decision refunds, keeps and charges, by the books if they were read, else by the order's total. */
export function moneyOf(
  books: PreviewInput['books'],
  total: Money | null,
  effects: readonly PreviewedEffect[],
): Preview['money'] {
  const taken = books?.find((effect) => effect.kind === 'payment');
  const live = taken ? { amount: taken.captured - taken.refunded, currency: taken.currency } : books ? null : total;
  const becomes = effects.find(({ effect }) => effect === 'payment')?.becomes;
  return {
    refunded: becomes === 'undone' ? live : null,
    kept: becomes === 'kept' ? live : null,
    charged: becomes === 'made' ? total : null,
  };
}

/** Which units a decision releases, and which stay held: those of the books, else the order's items. */
export function stockOf(
  books: PreviewInput['books'],
  items: readonly OrderItem[],
  effects: readonly PreviewedEffect[],
): Preview['stock'] {
  const held = books?.find((effect) => effect.kind === 'reservation')?.items ?? (books ? [] : items);
  const becomes = effects.find(({ effect }) => effect === 'reservation')?.becomes;
  if (becomes === 'undone') return { released: held, held: [] };
  return { released: [], held: becomes === 'kept' ? held : becomes === 'made' ? items : [] };
}

/** An order that does not complete sends its cancellation after the last compensation. */
function noticeOf(
  { saga: { sagaType, sagaId, steps } }: PreviewInput,
  course: Exclude<Course, { readonly refused: string }>,
): Preview['notice'] {
  if (sagaType !== SAGA_TYPE || course.to === 'waits') return null;
  const kind = course.to === 'completes' ? 'confirmation' : 'cancellation';
  const step = steps.find(({ name }) => effectOfStep(sagaType, name) === kind);
  const isLeftOut = course.waives !== undefined && course.waives === step?.name;
  return isLeftOut ? null : { kind, id: `${sagaId}-${kind}` };
}
