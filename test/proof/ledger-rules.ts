/** What must be true of a played saga's participant, and of what was asked of the saga (by rule). */
import { isDeepStrictEqual } from 'node:util';
import type { Played } from './arena.js';
import { brokenInJournal, eventsOf, notWholeIn, stackOf } from './journal-rules.js';
import type { LedgerStatus } from './scene.js';
import { NOTICE, type Behaviour } from './schedule.js';

/** The sentences of what does not hold; each begins with the rule's number. */
export const brokenIn = (played: Played): string[] => [
  ...brokenInJournal(played.journal, played.record),
  ...played.failedTasks.map((failure) => `36: a workflow task has failed: ${failure}`),
  ...(played.stored ? notWholeIn(played.stored, played.journal) : []),
  ...undoCallsInReverse(played),
  ...nothingTwice(played),
  ...completeOrNetZero(played),
  ...outcomesAreTrue(played),
  ...endsAsTold(played),
  ...requestsAsAnswered(played),
  ...hasItsCause(played),
];

/** The order in which calls arrived at the participant, whatever the journal says. */
function undoCallsInReverse({ scene: { arrivals, asked }, journal, record }: Played): string[] {
  const kinds = new Map(record.steps.map(({ name, kind }) => [name, kind]));
  const backward = arrivals.filter(({ operation }) => operation !== 'act').map(({ step }) => step);
  const order = backward.filter((step, index) => step !== backward[index - 1]);
  const expected = stackOf(journal, record).toReversed();
  const first = arrivals.findIndex(({ operation }) => operation !== 'act');
  const lateActs =
    first < 0
      ? []
      : arrivals.slice(first).filter(({ operation, step }) => operation === 'act' && kinds.get(step) !== 'retriable');
  // A call that a cancel has cut short may be under way already.
  const cut = asked.some(({ ask }) => ask !== 'approve');
  return [
    ...(isDeepStrictEqual(
      order,
      expected.filter((step) => order.includes(step)),
    )
      ? []
      : [`3: the undo calls came as ${order.join(' ')}, expected ${expected.join(' ')}`]),
    ...(cut ? [] : lateActs.map(({ step }) => `3: ${step} was still tried while others were being undone`)),
    ...(record.state === 'COMPLETED' && first >= 0 ? ['25: a COMPLETED saga has undone something'] : []),
  ];
}

function nothingTwice({ scene: { changes } }: Played): string[] {
  const times = (step: string, status: LedgerStatus): number =>
    changes.filter((change) => change.step === step && change.status === status).length;
  const steps = [...new Set(changes.map(({ step }) => step))];
  return steps.flatMap((step) => [
    ...(times(step, 'applied') > 1 ? [`22: the effect of ${step} happened twice`] : []),
    ...(times(step, 'undone') > 1 ? [`22: the effect of ${step} was undone twice`] : []),
  ]);
}

function completeOrNetZero(played: Played): string[] {
  const { scene, record, ledgerAtEnd } = played;
  const waived = new Set(record.waivers.map(({ step }) => step));
  const apart = (step: string): boolean => waived.has(step) || record.deadLetters.includes(step);
  const owed = (status: LedgerStatus | undefined, step: string): boolean => {
    if (record.state === 'COMPLETED') return status === 'applied';
    return step === NOTICE ? status === 'applied' : status !== 'applied';
  };
  const steps = record.steps.map(({ name }) => name).filter((step) => !apart(step));
  return steps.flatMap((step) => {
    const [atEnd, afterwards] = [ledgerAtEnd.get(step), scene.ledger.get(step)];
    return [
      ...(owed(atEnd, step) ? [] : [`25: ${record.state}, and ${step} is ${atEnd ?? 'not there'}`]),
      ...(owed(afterwards, step)
        ? []
        : [`22: ${record.state}, and a late call has made ${step} ${afterwards ?? 'nothing'}`]),
    ];
  });
}

function outcomesAreTrue({ journal, record, ledgerAtEnd, scene: { changes } }: Played): string[] {
  const byHand = new Set(changes.flatMap(({ step, by }) => (by === 'operator' ? [step] : [])));
  const statuses = record.steps.flatMap(({ name, kind, status }) => {
    const ended = ['pending', 'completed', 'failed', 'compensated', 'nothingToDo', 'skipped', 'unknown'];
    const open = !ended.includes(status) || (kind !== 'retriable' && status === 'unknown');
    return open ? [`4: ${name} ended as ${status}`] : [];
  });
  const outcomes = eventsOf(journal, 'SagaCompensationCompleted').flatMap(({ step, outcome }) => {
    const undone = ledgerAtEnd.get(step) === 'undone';
    return undone === (outcome === 'compensated') || byHand.has(step)
      ? []
      : [`4: ${step} was said to be ${outcome}, and is ${ledgerAtEnd.get(step) ?? 'not there'}`];
  });
  return [...statuses, ...outcomes];
}

function endsAsTold({ outcome, journal, record, scene: { asked } }: Played): string[] {
  const { state, reason, data, waivers, deadLetters } = record;
  const byTemporal = eventsOf(journal, 'SagaCancelAccepted').some(({ by }) => by === 'temporal');
  if (outcome === 'cancelled') return byTemporal ? [] : ['28: it ended as Canceled in Temporal without such a cancel'];
  const { cancelledTooLate, ...told } = outcome;
  const same = !byTemporal && isDeepStrictEqual(told, { state, reason, data, waivers, deadLetters });
  const tooLate = !cancelledTooLate || asked.some(({ ask }) => ask === 'temporalCancel');
  return [
    ...(same ? [] : ['28: the workflow ended otherwise than its record']),
    ...(tooLate ? [] : ['27: a cancel is said to have come too late, and there was none']),
  ];
}

const REFUSALS = ['AlreadyUnwinding', 'AlreadyFulfilled', 'NotApplicable', 'ApprovalExpired', 'Overtaken', 'gone'];
const ABOUT_A_STEP = ['retry', 'skip', 'block', 'applied', 'notApplied'];

function requestsAsAnswered({ scene: { asked }, journal, record }: Played): string[] {
  return asked.flatMap(({ ask, step, requestId, answers }) => {
    const accepted = answers.filter(({ answer }) => answer === 'accepted');
    const journaled = eventsOf(journal, 'SagaIntervened').filter((event) => event.requestId === requestId);
    const expected = ABOUT_A_STEP.includes(ask) && accepted.length > 0 ? 1 : 0;
    const codes = answers.map(({ answer }) => answer).filter((answer) => answer !== 'accepted');
    const last = answers.at(-1)?.answer;
    // An operator who comes when no step runs names none, which is no request.
    const refusals = ABOUT_A_STEP.includes(ask) && step === '' ? ['gone', 'InvalidRequest'] : REFUSALS;
    return [
      ...(journaled.length === expected
        ? []
        : [`18: ${ask} ${step} was accepted, and journaled ${journaled.length} times`]),
      ...codes.filter((code) => !refusals.includes(code)).map((code) => `18: ${ask} ${step} was answered with ${code}`),
      ...(accepted.every(({ decision }) => isDeepStrictEqual(decision, accepted[0]?.decision))
        ? []
        : [`18: ${ask} ${step} was decided twice`]),
      ...(accepted.length > 0 && last !== 'accepted' && last !== 'gone'
        ? [`18: ${ask} ${step} was accepted, and repeated ${last ?? ''}`]
        : []),
      ...(ask === 'cancel' && accepted.length > 0 && record.state !== 'CANCELLED'
        ? [`28: a cancel was accepted, and the saga ${record.state}`]
        : []),
    ];
  });
}

/** A saga that always fails cleanly must not pass: what unwinds has a reason in its schedule. */
function hasItsCause({ record, scene: { schedule, asked } }: Played): string[] {
  if (record.state === 'COMPLETED' || schedule.deadline < 600) return [];
  const kinds = new Map(schedule.groups.flat().map(({ name, kind }) => [name, kind]));
  const hopeless = (behaviour: Behaviour): boolean => behaviour === 'refuse' || behaviour.endsWith('ForGood');
  const fails = schedule.faults.some(
    ({ operation, step, behaviours }) =>
      operation === 'act' &&
      (kinds.get(step) === 'compensatable' || kinds.get(step) === 'pivot') &&
      (behaviours.some(hopeless) || behaviours.filter((behaviour) => behaviour !== 'ok').length >= 5),
  );
  const steered = asked.some(({ ask }) => ['cancel', 'temporalCancel', 'reject', 'notApplied'].includes(ask));
  const approvals = schedule.groups.flat().filter(({ kind }) => kind === 'approval');
  const given = asked.filter(({ ask, answers }) => ask === 'approve' && answers[0]?.answer === 'accepted');
  const expired = record.reason === 'ApprovalExpired' && given.length < approvals.length;
  return fails || steered || expired ? [] : [`34: ${record.state} (${record.reason ?? ''}) without a cause`];
}
