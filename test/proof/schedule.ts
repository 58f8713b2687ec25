/** What may happen to one saga: its shape, the faults its participant meets, and what is asked of it when. */
import * as fc from 'fast-check';
import type { ResolveAction } from '../../src/saga/saga.js';
import type { PlannedStep } from '../saga/scripted.js';

export type Operation = 'act' | 'undo' | 'ask';

/**
 * `lost`: it happens, and the answer gets lost. `late`: the answer is lost and it happens only when all is over.
 * Those with `ForGood` use up the whole budget at once, as attempt after attempt would.
 */
export type Behaviour =
  ('ok' | 'refuse' | 'unavailable' | 'lost' | 'late') | ('unavailableForGood' | 'lostForGood' | 'lateForGood');

/** What the calls of one operation of a step meet, attempt by attempt; after that all is well. */
export interface Fault {
  readonly operation: Operation;
  readonly step: string;
  readonly behaviours: readonly Behaviour[];
}

/** When something is asked. */
export type Point =
  /** While the nth call of this kind is being handled, or while that call waits for its next attempt. */
  | { readonly on: 'call' | 'backOff'; readonly operation: Operation; readonly step: string; readonly nth: number }
  /** The nth time that it blocks, on whatever it may be, or that it begins to wait for an approval. */
  | { readonly on: 'blocked' | 'approval'; readonly nth: number };

/** The journal is away for this saga: since a resting point, and until its next call or all is over. */
export interface Outage {
  readonly since: 'start' | 'wait' | 'block' | 'end';
  readonly until: 'nextCall' | 'end';
}

export type Ask = 'cancel' | 'temporalCancel' | 'approve' | 'reject' | ResolveAction;

export interface Steering {
  readonly at: Point;
  readonly ask: Ask;
  /** Whom a `resolve` is about; left out: the step of the call, or the one that is blocked. */
  readonly step?: string;
  /** The same request is sent a second time at once, and a third time later. */
  readonly repeated: boolean;
}

export interface Schedule {
  readonly groups: readonly (readonly PlannedStep[])[];
  readonly faults: readonly Fault[];
  readonly steering: readonly Steering[];
  /** Seconds. */
  readonly deadline: number;
  /** The journal is carried to an archive. */
  readonly archived: boolean;
  /** Of the archive. */
  readonly outage: Outage | null;
  /** Events after which it is continued as new, where a server bears that. */
  readonly historyLimit: number | null;
  /** What the operator does at the end with whatever is still blocked, once the participant is repaired. */
  readonly lastResort: 'retry' | 'skip';
}

/** The last step of every schedule: it waits until nothing else of its saga is being handled. */
export const LAST = 'end';
/** What the saga does last when it has been undone. */
export const NOTICE = 'notice';

export const isApproval = (name: string): boolean => name.endsWith('approval');

export const WEEK = 7 * 86_400;

const weighted = <T>(...choices: readonly [number, T][]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** Once in `times` there is one. */
const rarely = <T>(times: number, some: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: some });

const operation = weighted<Operation>([5, 'act'], [3, 'undo'], [1, 'ask']);

const behaviour = fc.record({
  behaviour: weighted<Behaviour>(
    [3, 'refuse'],
    [2, 'lostForGood'],
    [2, 'lateForGood'],
    [2, 'unavailableForGood'],
    [1, 'lost'],
    [1, 'late'],
    [1, 'unavailable'],
    [1, 'ok'],
  ),
  // Eight attempts in vain use up a budget.
  times: weighted([12, 1], [3, 2], [1, 8]),
});

const fault = fc.record({
  operation,
  step: fc.nat(11),
  behaviours: fc.array(behaviour, { minLength: 1, maxLength: 2 }),
});

const point = fc.record({
  on: weighted<Point['on']>([5, 'call'], [2, 'backOff'], [4, 'blocked'], [1, 'approval']),
  operation: weighted<Operation>([6, 'act'], [2, 'undo'], [1, 'ask']),
  step: fc.nat(7),
  nth: weighted([6, 1], [1, 2]),
});

const steering = fc.record({
  at: point,
  ask: weighted<Ask>(
    [6, 'cancel'],
    [3, 'temporalCancel'],
    [1, 'approve'],
    [1, 'reject'],
    [2, 'retry'],
    [2, 'skip'],
    [2, 'block'],
    [1, 'applied'],
    [1, 'notApplied'],
  ),
  step: rarely(4, fc.nat(11)),
  repeated: fc.boolean(),
});

const raw = fc.record({
  undoable: fc.array(fc.array(weighted([4, false], [1, true]), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  }),
  /** Before which of the groups approvals are awaited: one, two in parallel, or one beside a step. */
  approval: fc.option(fc.record({ before: fc.nat(2), as: weighted([3, 'one'], [2, 'two'], [1, 'besideAStep']) }), {
    freq: 2,
  }),
  pivot: weighted([2, false], [1, true]),
  retriable: fc.array(
    fc.array(weighted<PlannedStep['kind']>([2, 'block'], [1, 'deadLetter']), { minLength: 1, maxLength: 2 }),
    {
      maxLength: 1,
    },
  ),
  faults: fc.array(fault, { maxLength: 5 }),
  steering: fc.oneof(fc.array(steering, { maxLength: 2 }), fc.array(steering, { minLength: 1, maxLength: 2 })),
  deadline: weighted([9, WEEK], [1, 40]),
  archived: fc.boolean(),
  outage: rarely(
    2,
    fc.record({
      since: weighted<Outage['since']>([1, 'start'], [2, 'wait'], [5, 'block'], [2, 'end']),
      until: weighted<Outage['until']>([1, 'nextCall'], [2, 'end']),
    }),
  ),
  historyLimit: rarely(2, weighted([2, 12], [2, 20], [1, 40])),
  lastResort: weighted<Schedule['lastResort']>([3, 'retry'], [1, 'skip']),
});

type Raw = typeof raw extends fc.Arbitrary<infer Value> ? Value : never;

function waitsOf(as: string, name: () => string): PlannedStep[] {
  const approval: PlannedStep = { name: 'approval', kind: 'approval' };
  if (as === 'one') return [approval];
  return [
    approval,
    as === 'two'
      ? { name: 'second approval', kind: 'approval', patience: 1.5 }
      : { name: name(), kind: 'compensatable' },
  ];
}

function groupsOf({ undoable, approval, pivot, retriable }: Raw): PlannedStep[][] {
  let steps = 0;
  const name = (): string => 'abcdefghijklmnopq'.charAt(steps++);
  const groups: PlannedStep[][] = undoable.map((group) =>
    group.map((probed) => ({ name: name(), kind: 'compensatable', ...(probed && { probed }) })),
  );
  if (approval !== null) groups.splice(approval.before, 0, waitsOf(approval.as, name));
  if (pivot) groups.push([{ name: name(), kind: 'pivot' }]);
  return [...groups, ...retriable.map((group) => group.map((kind) => ({ name: name(), kind })))];
}

function compose(from: Raw): Schedule {
  const groups = groupsOf(from);
  const names = groups.flat().flatMap(({ name, kind }) => (kind === 'approval' ? [] : [name]));
  const stepAt = (index: number): string => names[index % names.length] ?? '';
  // The notice can fail as well.
  const faultyAt = (index: number): string => [...names, NOTICE][index % (names.length + 1)] ?? '';
  return {
    groups,
    faults: from.faults.map(({ operation, step, behaviours }) => ({
      operation,
      step: operation === 'act' ? faultyAt(step) : stepAt(step),
      behaviours: behaviours.flatMap(({ behaviour, times }) => Array<Behaviour>(times).fill(behaviour)),
    })),
    steering: from.steering.map(({ at, ask, step, repeated }) => ({
      at: pointOf(at, stepAt),
      ask,
      ...(step !== null && { step: stepAt(step) }),
      repeated,
    })),
    deadline: from.deadline,
    archived: from.archived,
    outage: from.archived ? from.outage : null,
    historyLimit: from.archived ? from.historyLimit : null,
    lastResort: from.lastResort,
  };
}

function pointOf(
  { on, operation, step, nth }: Raw['steering'][number]['at'],
  stepAt: (index: number) => string,
): Point {
  return on === 'blocked' || on === 'approval' ? { on, nth } : { on, operation, step: stepAt(step), nth };
}

export const schedules: fc.Arbitrary<Schedule> = raw.map(compose);
