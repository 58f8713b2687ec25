/** What must be true of the journal of every saga that has ended, whatever happened to it (by rule). */
import { isDeepStrictEqual } from 'node:util';
import { applyEntry, blankRecord } from '../../src/saga/journal/fold.js';
import type { Entry, SagaEvent, SagaRecord, SentEntry } from '../../src/saga/saga.js';

type Journal = readonly Entry[];
type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>;

export const eventsOf = <Type extends SagaEvent['type']>(journal: Journal, ...types: Type[]): EventOf<Type>[] =>
  journal.flatMap(({ event }) => ((types as string[]).includes(event.type) ? [event as EventOf<Type>] : []));

const stepsIn = (events: readonly { step: string }[]): string[] => events.map(({ step }) => step);

const waivedSteps = (journal: Journal): string[] =>
  eventsOf(journal, 'SagaIntervened').flatMap((event) =>
    'step' in event && event.action === 'skip' ? [event.step] : [],
  );

const SETTLED = ['SagaStepCompleted', 'SagaStepFailed', 'SagaStepTimedOut', 'SagaStepUnknown'] as const;

/** The compensatable steps that had to be undone if the saga unwound, in order of start: started, and not refused. */
export function stackOf(journal: Journal, { steps }: SagaRecord): string[] {
  const refused = stepsIn(eventsOf(journal, 'SagaStepFailed'));
  const undoable = steps.filter(({ kind }) => kind === 'compensatable').map(({ name }) => name);
  // A call that an operator repeats is started again, at its place.
  return [...new Set(stepsIn(eventsOf(journal, 'SagaStepStarted')))].filter(
    (step) => undoable.includes(step) && !refused.includes(step),
  );
}

/** The sentences of what does not hold; each begins with the rule's number. */
export function brokenInJournal(journal: Journal, record: SagaRecord): string[] {
  return [
    ...reverseOrder(journal, record),
    ...oneOutcomeEach(journal, record),
    ...refusedIsNotUndone(journal),
    ...onlyForwardAfterPivot(record),
    ...oneBlockAtATime(journal),
    ...oneEnd(journal, record),
    ...isItsFold(journal, record),
  ];
}

/** What the actions have brought to the archive is the journal, to the last entry. */
export function notWholeIn(stored: readonly SentEntry[], journal: Journal): string[] {
  const sent = journal.map(({ seq, at, event }) => ({ seq, at, event }));
  if (isDeepStrictEqual(stored, JSON.parse(JSON.stringify(sent)))) return [];
  const numbers = stored.map(({ seq }) => seq).join(' ');
  return [`31: of ${journal.length} entries these are stored, or differ: ${numbers}`];
}

function reverseOrder(journal: Journal, record: SagaRecord): string[] {
  const begin = journal.findIndex(({ event }) => event.type === 'SagaCompensationStarted');
  const settledLate = eventsOf(begin < 0 ? [] : journal.slice(begin), ...SETTLED).filter(
    ({ step }) => record.steps.find(({ name }) => name === step)?.kind === 'compensatable',
  );
  const stack = stackOf(journal, record).toReversed();
  const undone = [...new Set(stepsIn(eventsOf(journal, 'SagaCompensationStarted')))];
  const expected = record.state === 'COMPLETED' ? [] : stack;
  return [
    ...settledLate.map(({ type, step }) => `3: ${type} of ${step} was recorded after the unwinding had begun`),
    ...(isDeepStrictEqual(undone, expected)
      ? []
      : [`3: started ${stack.toReversed().join(' ')}, undone ${undone.join(' ')}`]),
  ];
}

function oneOutcomeEach(journal: Journal, record: SagaRecord): string[] {
  const stack = stackOf(journal, record);
  const completed = eventsOf(journal, 'SagaCompensationCompleted');
  const outcomes = [...stepsIn(completed), ...waivedSteps(journal)].filter((step) => stack.includes(step)).toSorted();
  const expected = record.state === 'COMPLETED' ? [] : stack.toSorted();
  const unnamed = eventsOf(journal, 'SagaIntervened').filter(({ actor, reason }) => !actor || !reason);
  const waivers = record.waivers.map(({ step }) => step);
  return [
    ...(isDeepStrictEqual(outcomes, expected)
      ? []
      : [`4: on the stack ${expected.join(' ')}, with an outcome ${outcomes.join(' ')}`]),
    ...(completed.some(({ step }) => !stack.includes(step))
      ? ['4: something was undone that was not on the stack']
      : []),
    ...unnamed.map(({ action }) => `4: nobody answers for the decision ${action}`),
    ...(isDeepStrictEqual(waivers, waivedSteps(journal)) ? [] : [`4: waivers are ${waivers.join(' ')}`]),
  ];
}

function refusedIsNotUndone(journal: Journal): string[] {
  const refused = stepsIn(eventsOf(journal, 'SagaStepFailed'));
  const undone = new Set(stepsIn(eventsOf(journal, 'SagaCompensationStarted')));
  return refused.filter((step) => undone.has(step)).map((step) => `8: ${step} was refused and yet undone`);
}

function onlyForwardAfterPivot(record: SagaRecord): string[] {
  const pivot = record.steps.find(({ kind }) => kind === 'pivot');
  if (!pivot || pivot.status === 'pending' || pivot.status === 'failed' || record.state === 'COMPLETED') return [];
  return [`14: the pivot ${pivot.name} is ${pivot.status}, and the saga ${record.state}`];
}

function oneBlockAtATime(journal: Journal): string[] {
  let blockedOn: string | null = null;
  let record = blankRecord('');
  const broken: string[] = [];
  for (const entry of journal) {
    if (entry.event.type === 'SagaBlocked' && blockedOn) {
      broken.push(`17: blocked on ${entry.event.step} while it was blocked on ${blockedOn}`);
    }
    if (record.blockedOn && entry.event.type === 'SagaEnded') broken.push(`16: it ended while it was blocked`);
    record = applyEntry(record, entry);
    ({ blockedOn } = record);
  }
  return broken;
}

function oneEnd(journal: Journal, record: SagaRecord): string[] {
  const ends = eventsOf(journal, 'SagaEnded');
  const cancels = eventsOf(journal, 'SagaCancelAccepted');
  return [
    ...(ends.length === 1 && journal.at(-1)?.event.type === 'SagaEnded'
      ? []
      : [`28: ${ends.length} ends, or one too early`]),
    ...(ends[0]?.state === record.state && ends[0].reason === record.reason ? [] : [`28: the end is not the record's`]),
    ...(journal.every(({ seq }, index) => seq === index + 1) ? [] : ['31: a sequence number is missing']),
    ...((record.state === 'CANCELLED') === cancels.length > 0
      ? []
      : [`28: ${record.state} although ${cancels.length} cancels were accepted`]),
    ...(cancels.length > 1 ? ['26: a second cancel was accepted'] : []),
  ];
}

function isItsFold(journal: Journal, record: SagaRecord): string[] {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const folded = journal.reduce(applyEntry, blankRecord(record.sagaId));
  return isDeepStrictEqual(plain(folded), plain(record)) ? [] : ['31: the journal does not add up to the record'];
}
