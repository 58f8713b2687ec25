/**
 * The journal as it travels in a header: the same, written short. Every header stays in the history, and the last action
 * carries everything once more, so that it would make a happy order's history two thirds larger as it stands; like this
 * it is less than a quarter. Times are milliseconds after the first entry's, steps that the header introduces itself are
 * numbers, and the events that every saga has are lists; all others stay as they are.
 */
import type { Closing, JournalHeader, SagaEvent, SentEntry } from './journal.js';
import type { StepKind } from './record.js';

type Packed = readonly unknown[];

const KINDS: readonly StepKind[] = ['compensatable', 'pivot', 'retriable'];
const BEGINNINGS = ['SagaStepStarted', 'SagaCompensationStarted'] as const;
/** After those of `BEGINNINGS`. */
const [STARTED, COMPLETED] = [2, 3];

/** @param workflowId is left out where it is the saga's id as well */
export function pack({ sagaId, sagaType, entries, required, closing }: JournalHeader, workflowId: string): Packed {
  const [first] = entries;
  const base = first ? Date.parse(first.at) : 0;
  const names: string[] = [];
  const packed = entries.map(({ at, event }) => [Date.parse(at) - base, ...packEvent(event, at, names)]);
  return [
    sagaId === workflowId ? 0 : sagaId,
    sagaType,
    first?.seq ?? 0,
    base,
    packed,
    ...(required ? [1] : []),
    ...(closing ? packClosing(closing, names) : []),
  ];
}

function packClosing({ step, state, reason, tried }: Closing, names: readonly string[]): Packed {
  const short = [nameOf(step, names), state];
  if (tried !== undefined) return [...short, reason, tried];
  return reason === null ? short : [...short, reason];
}

/** A step's number among those that this header has introduced, or its name. */
function nameOf(step: string, names: readonly string[]): number | string {
  const index = names.indexOf(step);
  return index < 0 ? step : index;
}

function packEvent(event: SagaEvent, at: string, names: string[]): Packed {
  switch (event.type) {
    case 'SagaStarted':
      names.push(...event.steps.map(({ name }) => name));
      return [STARTED, event.data, event.steps.map(({ name, kind }) => [name, KINDS.indexOf(kind)])];
    case 'SagaStepStarted':
    case 'SagaCompensationStarted': {
      const patience = Date.parse(event.timeoutAt) - Date.parse(at);
      return [BEGINNINGS.indexOf(event.type), nameOf(event.step, names), patience];
    }
    case 'SagaStepCompleted':
      return [COMPLETED, nameOf(event.step, names), event.attempts, event.result];
    default:
      return [event];
  }
}

export function unpack(packed: Packed, workflowId: string): JournalHeader {
  const [id, sagaType, seq, base, list, required, step, state, reason = null, tried] = packed as [
    sagaId: string | 0,
    sagaType: string,
    seq: number,
    base: number,
    entries: readonly (readonly [after: number, ...Packed])[],
    required?: 1,
    ...closing: [step: number | string, state: 'COMPLETED', reason?: string | null, tried?: number] | [],
  ];
  const names: string[] = [];
  const entries = list.map(([after, ...event], index): SentEntry => {
    const time = base + after;
    return { seq: seq + index, at: iso(time), event: unpackEvent(event, { time, sagaType, names }) };
  });
  const closing =
    step === undefined || state === undefined
      ? undefined
      : { step: named(step, names), state, reason, ...(tried !== undefined && { tried }) };
  return {
    sagaId: id === 0 ? workflowId : id,
    sagaType,
    entries,
    ...(required && { required: true as const }),
    ...(closing && { closing }),
  };
}

const iso = (time: number): string => new Date(time).toISOString();

const named = (step: unknown, names: readonly string[]): string =>
  typeof step === 'number' ? (names[step] ?? '') : String(step);

interface Context {
  readonly time: number;
  readonly sagaType: string;
  readonly names: string[];
}

function unpackEvent([code, ...fields]: Packed, { time, sagaType, names }: Context): SagaEvent {
  if (typeof code !== 'number') return code as SagaEvent;
  if (code === STARTED) {
    const [data, list] = fields as [Readonly<Record<string, unknown>>, readonly [string, number][]];
    names.push(...list.map(([name]) => name));
    const steps = list.map(([name, kind]) => ({ name, kind: KINDS[kind] ?? 'retriable' }));
    return { type: 'SagaStarted', sagaType, data, steps };
  }
  const step = named(fields[0], names);
  if (code === COMPLETED) {
    const [, attempts, result] = fields as [unknown, number, Readonly<Record<string, unknown>>];
    return { type: 'SagaStepCompleted', step, attempts, result };
  }
  return { type: BEGINNINGS[code] ?? 'SagaStepStarted', step, timeoutAt: iso(time + Number(fields[1])) };
}
