/** Why a decision is refused, as a sentence that speaks of what was asked and of how the order or saga stands. */
import type { SagaIds } from './saga-ids.js';

export type Asked = 'cancel' | 'approve' | 'reject' | 'resolve';

type Subject = 'order' | 'saga';

/** In one of these states it takes none of the decisions on the whole of it, whatever was asked. */
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

/** While it goes forward. */
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

/** Undefined if the state is not known: then the title of the problem says enough. */
export function sentenceFor(asked: Asked, state: string | undefined, { orderId }: SagaIds): string | undefined {
  if (state === undefined) return undefined;
  const subject = orderId === undefined ? 'saga' : 'order';
  const stands = STANDS[state]?.[subject];
  // A step can be decided on while the order is being undone: only this one cannot.
  if (stands === undefined || (asked === 'resolve' && state === 'COMPENSATING')) return NOT_NOW[subject][asked];
  return `${stands}: ${LEFT[asked]}.`;
}
