/** The sentences of refused decisions, fitting the request and the state of the order or saga. */
import type { SagaIds } from './saga-ids.js';

export type Asked = 'cancel' | 'approve' | 'reject' | 'resolve';

type Subject = 'order' | 'saga';

/** In one of these states every decision on the whole saga is refused. */
const STANDS: Readonly<Record<string, Readonly<Record<Subject, string>>>> = {
  COMPENSATING: { order: 'The order is being undone', saga: 'The saga is being undone' },
  COMPLETED: { order: 'The order has been fulfilled', saga: 'The saga has been completed' },
  FAILED: { order: 'The order has failed and has been undone', saga: 'The saga has failed and has been undone' },
  CANCELLED: { order: 'The order has been cancelled', saga: 'The saga has been cancelled' },
};

const LEFT: Readonly<Record<Asked, string>> = {
  cancel: 'it can no longer be cancelled',
  approve: 'there is nothing left to approve',
  reject: 'there is nothing left to reject',
  resolve: 'none of its steps waits for a decision',
};

const NO_STEP = 'The step does not wait for a decision, or not for this one.';

/** Refusals while the saga goes forward. */
const NOT_NOW: Readonly<Record<Subject, Readonly<Record<Asked, string>>>> = {
  order: {
    cancel: 'Only the confirmation of the order is left to be sent: it can no longer be cancelled.',
    approve: 'The order does not wait for an approval.',
    reject: 'The order does not wait for an approval.',
    resolve: NO_STEP,
  },
  saga: {
    cancel: 'Nothing is left of the saga that could be undone: it can no longer be cancelled.',
    approve: 'The saga does not wait for an approval.',
    reject: 'The saga does not wait for an approval.',
    resolve: NO_STEP,
  },
};

/** Undefined if the state is not known; the problem's title is then enough. */
export function sentenceFor(asked: Asked, state: string | undefined, { orderId }: SagaIds): string | undefined {
  if (state === undefined) return undefined;
  const subject = orderId === undefined ? 'saga' : 'order';
  const stands = STANDS[state]?.[subject];
  // Steps can be decided while the order is being undone, so the sentence is about this step only.
  if (stands === undefined || (asked === 'resolve' && state === 'COMPENSATING')) return NOT_NOW[subject][asked];
  return `${stands}: ${LEFT[asked]}.`;
}
