/** What must be true of every order that has ended, whatever happened to it. */
import type { Entry, SagaRecord } from '../../src/saga/saga.js';
import type { Shop } from '../workflows/shop.js';

const TERMINAL = /^OrderFulfillment(Completed|Failed|Cancelled)$/;

/** Rule 28: exactly one terminal entry, nothing after it, numbered without a gap. */
export function expectOneEnd(journal: readonly Entry[], { state }: SagaRecord): void {
  const ends = journal.filter(({ name }) => TERMINAL.test(name));
  expect(ends.map(({ name }) => name.toUpperCase())).toEqual([`ORDERFULFILLMENT${state}`]);
  expect(journal.at(-1)).toBe(ends[0]);
  expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, index) => index + 1));
}

/** Rules 3 and 4: what was started and not refused is undone in reverse, each once, with exactly one outcome. */
export function expectReverseUndoing(journal: readonly Entry[], { state }: SagaRecord): void {
  const MAILS = ['send_confirmation', 'send_cancellation_notice'];
  const steps = (...names: string[]) =>
    journal.flatMap(({ name, event }) => (names.includes(name) && 'step' in event ? [event.step] : []));
  const refused = steps('SagaStepFailed');
  const onStack = [...new Set(steps('SagaStepStarted'))].filter(
    (step) => !MAILS.includes(step) && !refused.includes(step),
  );
  const undone = state === 'COMPLETED' ? [] : onStack.toReversed();
  expect([...new Set(steps('SagaCompensationStarted'))]).toEqual(undone);
  const waived = journal.flatMap(({ event }) =>
    event.type === 'SagaIntervened' && event.action === 'skip' ? [event.step] : [],
  );
  expect([...steps('SagaCompensationCompleted'), ...waived].toSorted()).toEqual(undone.toSorted());
}

/** The customer is told of the end: a confirmation, or a cancellation, save what is listed as a dead letter. */
export async function expectNotice(shop: Shop, sagaId: string, record: SagaRecord): Promise<void> {
  const effectOf = async (kind: string) =>
    (await shop.ledgerOf('notification', `notifications/${sagaId}-${kind}`))['effect'];
  const completed = record.state === 'COMPLETED';
  if (record.deadLetters.length > 0) return;
  expect([await effectOf('confirmation'), await effectOf('cancellation')]).toEqual(
    completed ? ['applied', 'none'] : ['none', 'applied'],
  );
}
