/** Why a decision is refused, as a sentence that speaks of what was asked and of how the order stands. */

export type Asked = 'cancel' | 'approve' | 'reject' | 'resolve';

/** An order in one of these states takes none of the decisions on orders, whatever was asked. */
const STANDS: Readonly<Record<string, string>> = {
  COMPENSATING: 'The order is being undone',
  COMPLETED: 'The order has been fulfilled',
  FAILED: 'The order has failed and has been undone',
  CANCELLED: 'The order has been cancelled',
};

const LEFT: Readonly<Record<Asked, string>> = {
  cancel: 'it can no longer be cancelled',
  approve: 'there is nothing left to approve',
  reject: 'there is nothing left to reject',
  resolve: 'none of its steps waits for a decision',
};

/** While it goes forward. */
const NOT_NOW: Readonly<Record<Asked, string>> = {
  cancel: 'Only the confirmation of the order is left to be sent: it can no longer be cancelled.',
  approve: 'The order does not wait for an approval.',
  reject: 'The order does not wait for an approval.',
  resolve: 'The step does not wait for a decision, or not for this one.',
};

/** Undefined if the state is not known: then the title of the problem says enough. */
export function sentenceFor(asked: Asked, state: string | undefined): string | undefined {
  if (state === undefined) return undefined;
  const stands = STANDS[state];
  // A step can be decided on while the order is being undone: only this one cannot.
  if (stands === undefined || (asked === 'resolve' && state === 'COMPENSATING')) return NOT_NOW[asked];
  return `${stands}: ${LEFT[asked]}.`;
}
