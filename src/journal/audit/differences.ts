/** The possible faults in the stored events and row of a saga. Pure: each finding is a sentence. */
import { isDeepStrictEqual } from 'node:util';
import { entryName, type SagaEvent } from '../../saga/journal/events.js';
import { applyEntry, blankRecord } from '../../saga/journal/fold.js';
import { storable, type SentEntry } from '../write/batch.js';
import { eventId, eventOfData, sameEntry, type EventRow } from '../tables/event-row.js';
import { lettersOf } from '../dead-letters/from-events.js';
import { recordOf, type SagaRow } from '../tables/saga-row.js';

export interface LetterRecord {
  readonly kind: string;
  readonly step: string;
  readonly reason: string;
  readonly attempts: number;
  readonly resolution: string | null;
}

export interface Stored {
  readonly events: readonly EventRow[];
  readonly row: SagaRow | undefined;
  readonly letters: readonly LetterRecord[];
}

/** The entries that the saga has sent, from Temporal's history. */
export interface Told {
  readonly entries: readonly SentEntry[];
  /** The last events of an open saga may be on their way. */
  readonly isClosed: boolean;
}

type EntryRow = EventRow & { readonly event: SagaEvent };

const entryOf = ({ seq, at, event }: EntryRow): SentEntry => ({ seq, at: at.toISOString(), event });

/** Temporal keeps no history of the saga: it may have been forgotten, or lost. */
export const NOT_KEPT = 'notKept';

/** If `told` is absent, Temporal was not asked, or the saga was started without a journal. */
export function problemsOf(sagaId: string, { events, row, letters }: Stored, told?: Told | typeof NOT_KEPT): string[] {
  const { entries, inForce } = entriesOf(events);
  const problems = [
    ...idsAndNames(sagaId, events, sagaTypeOf(entries, row)),
    ...numbering(inForce),
    ...ending(inForce),
    ...rowProblems(sagaId, inForce, row),
    ...letterProblems(sagaId, inForce, letters),
    ...(told === undefined
      ? []
      : told === NOT_KEPT
        ? openForEver(inForce)
        : historyProblems(inForce.map(entryOf), told)),
  ];
  return problems.map((problem) => `${sagaId}: ${problem}`);
}

/** Temporal keeps open runs for ever, so a run that it has forgotten has ended. */
function openForEver(inForce: readonly EntryRow[]): string[] {
  const last = inForce.at(-1);
  if (!last || inForce.some(({ event }) => event.type === 'SagaEnded')) return [];
  return [`it has not ended, and Temporal does not know it any more: events after ${last.seq} may be lost`];
}

/** True if the events are sound by themselves: none is missing, misnamed, unpublished or after an end. */
export const isSound = (sagaId: string, { events, row }: Stored): boolean => {
  const { entries, inForce } = entriesOf(events);
  return (
    [...idsAndNames(sagaId, events, sagaTypeOf(entries, row)), ...numbering(inForce), ...ending(inForce)].length === 0
  );
};

function entriesOf(events: readonly EventRow[]) {
  const entries = events.filter(({ seq }) => seq > 0).map((event) => ({ ...event, event: eventOfData(event.data) }));
  const inForce = entries.filter(({ superseded_by }) => superseded_by === null);
  return { entries, inForce: inForce.sort((one, other) => one.seq - other.seq) };
}

/** The saga's type from its events, even if its row is lost. */
function sagaTypeOf(entries: readonly EntryRow[], row: SagaRow | undefined): string {
  const started = entries.find(({ event }) => event.type === 'SagaStarted')?.event;
  return started?.type === 'SagaStarted' ? started.sagaType : (row?.saga_type ?? '');
}

function idsAndNames(sagaId: string, events: readonly EventRow[], sagaType: string): string[] {
  return events.flatMap((event) => {
    const { branch, seq, id, type, data, superseded_by } = event;
    // Taken out of force because no history has it: see repair.ts.
    if (superseded_by === branch) return [];
    const name = seq === 0 ? 'SagaReset' : entryName(eventOfData(data), sagaType);
    return [
      ...(id === eventId(sagaId, branch, seq) ? [] : [`event ${branch}/${seq} has the id of another`]),
      ...(name === type ? [] : [`event ${branch}/${seq} is called ${type}, and is ${name}`]),
    ];
  });
}

/** Each number once, nothing published behind a gap, everything before it published, positions in order. */
function numbering(inForce: readonly EntryRow[]): string[] {
  const problems: string[] = [];
  let expected = 1;
  let position = 0;
  let isBehindGap = false;
  const early: number[] = [];
  for (const event of inForce) {
    const { seq } = event;
    if (seq < expected) problems.push(`event ${seq} is there twice`);
    if (seq > expected)
      problems.push(
        expected === seq - 1 ? `event ${expected} is missing` : `events ${expected} to ${seq - 1} are missing`,
      );
    isBehindGap ||= seq > expected;
    if (isBehindGap && event.position !== null) early.push(seq);
    if (!isBehindGap && event.position === null) problems.push(`event ${seq} was never published`);
    if (event.position !== null && Number(event.position) <= position)
      problems.push(`event ${seq} was published too early`);
    position = Math.max(position, Number(event.position ?? 0));
    expected = Math.max(expected, seq + 1);
  }
  if (early.length > 0) problems.push(`events ${early[0]} to ${early.at(-1)} were published behind a gap`);
  return problems;
}

function ending(inForce: readonly EntryRow[]): string[] {
  const ends = inForce.filter(({ event }) => event.type === 'SagaEnded');
  return [
    ...(ends.length > 1 ? [`it has ended ${ends.length} times`] : []),
    ...(ends[0] && ends[0] !== inForce.at(-1) ? [`event ${ends[0].seq} ended it, and more follows`] : []),
  ];
}

const prefixOf = (inForce: readonly EntryRow[]): EntryRow[] => inForce.filter(({ seq }, index) => seq === index + 1);

function rowProblems(sagaId: string, inForce: readonly EntryRow[], row: SagaRow | undefined): string[] {
  if (!row) return inForce.length > 0 ? ['it has events and no row'] : [];
  if (inForce.length === 0) return ['it has a row and no events'];
  const prefix = prefixOf(inForce);
  if (row.version > prefix.length) {
    return [`its row is of event ${row.version}, and its events are there up to ${prefix.length} only`];
  }
  const folded = prefix.map(entryOf).reduce((record, entry) => applyEntry(record, entry), blankRecord(sagaId));
  const stored: Readonly<Record<string, unknown>> = { ...recordOf(row) };
  const wanted: Readonly<Record<string, unknown>> = { ...storable(folded) };
  const wrong =
    prefix.length === 0 ? [] : Object.keys(wanted).filter((name) => !isDeepStrictEqual(stored[name], wanted[name]));
  return [
    ...wrong.map(
      (name) => `its row says ${name} ${JSON.stringify(stored[name])}, its events ${JSON.stringify(wanted[name])}`,
    ),
    ...(row.version === prefix.length ? [] : [`its row is of event ${row.version}, and ${prefix.length} are there`]),
    ...(row.behind_gap === prefix.length < inForce.length ? [] : [`its row says behind_gap ${row.behind_gap}`]),
  ];
}

function letterProblems(sagaId: string, inForce: readonly EntryRow[], stored: readonly LetterRecord[]): string[] {
  const wanted = lettersOf(sagaId, prefixOf(inForce).map(entryOf));
  const missing = wanted.flatMap((letter) => {
    const known = stored.find(({ kind, step }) => kind === letter.kind && step === letter.step);
    const what = `dead letter ${letter.kind} ${letter.step}`;
    if (!known) return [`${what} is missing`];
    const isRight = known.reason === letter.reason && known.attempts === letter.attempts;
    // An operator's note on an undelivered letter is only in the table.
    const isResolved = letter.kind === 'undelivered' || known.resolution === letter.resolution;
    return isRight && isResolved ? [] : [`${what} is not what its events say`];
  });
  const wantedNames = new Set(wanted.map(({ kind, step }) => `${kind} ${step}`));
  const open = stored.filter(({ resolution }) => resolution === null);
  const phantoms = open.filter(({ kind, step }) => !wantedNames.has(`${kind} ${step}`));
  return [...missing, ...phantoms.map(({ kind, step }) => `dead letter ${kind} ${step} is open, and no event says so`)];
}

function historyProblems(stored: readonly SentEntry[], { entries, isClosed }: Told): string[] {
  const told = new Map(storable(entries).map((entry) => [entry.seq, entry]));
  const known = new Map(stored.map((entry) => [entry.seq, entry]));
  const last = Math.max(0, ...told.keys());
  // Temporal may have forgotten the first of several runs.
  const first = Math.min(...told.keys(), last === 0 ? 1 : Infinity);
  const reporting = isClosed ? [] : stored.filter(({ seq }) => seq > last);
  // The end is stored before the server knows that the last action has succeeded.
  const isReporting = reporting.length === 2 && reporting[1]?.event.type === 'SagaEnded';
  return [
    ...stored.flatMap((entry) => {
      if (entry.seq < first) return [];
      const twin = told.get(entry.seq);
      if (!twin)
        return isReporting && entry.seq > last ? [] : [`event ${entry.seq} is in no history: ${entry.event.type}`];
      return sameEntry(entry, twin) ? [] : [`event ${entry.seq} is another one in the history: ${twin.event.type}`];
    }),
    ...(isClosed ? [...told.values()].filter(({ seq }) => !known.has(seq)) : []).map(
      ({ seq, event }) => `event ${seq} is in the history only: ${event.type}`,
    ),
  ];
}
