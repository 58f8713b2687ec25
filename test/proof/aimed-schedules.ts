/** Schedules that are bent towards cases that are rare by themselves, and that only a real server bears. */
import * as fc from 'fast-check';
import type { PlannedStep } from '../saga/scripted.js';
import { schedules, WEEK, type Ask, type Behaviour, type Fault, type Operation, type Schedule } from './schedule.js';

type Groups = Schedule['groups'];

/** An action or a compensation is cut in its back-off; a run is left while it goes forward or unwinds; or as it comes. */
const AIMS = ['cutAction', 'cutUndo', 'leaveForward', 'leaveUnwinding', 'plain'] as const;
type Aim = (typeof AIMS)[number];

export const aimedSchedules: fc.Arbitrary<Schedule> = fc
  .tuple(schedules, fc.constantFrom(...AIMS), fc.nat(5))
  .map(([schedule, aim, draw]) => BENDS[aim]({ ...schedule, deadline: WEEK }, draw));

const BENDS: Readonly<Record<Aim, (schedule: Schedule, draw: number) => Schedule>> = {
  plain: (schedule) => schedule,
  cutAction: (schedule, draw) => {
    const [first] = undoable(schedule.groups);
    const steering = askedInBackOff('act', first, ['retry', 'cancel', 'temporalCancel'], draw);
    return { ...schedule, faults: [fault('act', first, ...AWAY)], steering };
  },
  cutUndo: (schedule, draw) => {
    const { first, ...unwinding } = unwinds(schedule);
    const steering = askedInBackOff('undo', first, ['retry', 'skip', 'block'], draw);
    return { ...unwinding, faults: [...unwinding.faults, fault('undo', first, ...AWAY)], steering };
  },
  leaveForward: (schedule, draw) => {
    const before = schedule.groups.filter((group) => group.every(({ kind }) => UNDOABLE.has(kind)));
    const groups: Groups = [...before, [{ name: 'z', kind: draw % 2 === 0 ? 'pivot' : 'block' }]];
    return { ...leaving(schedule), groups, faults: [fault('act', 'z', ...HOPELESS)] };
  },
  leaveUnwinding: (schedule) => {
    const { first, ...unwinding } = unwinds(schedule);
    return { ...leaving(unwinding), faults: [...unwinding.faults, fault('undo', first, 'refuse', ...HOPELESS)] };
  },
};

const UNDOABLE: ReadonlySet<string> = new Set(['compensatable', 'approval']);
const AWAY = Array<Behaviour>(4).fill('unavailable');
const HOPELESS = ['lostForGood', 'unavailableForGood', 'lost'] as const;

const fault = (operation: Operation, step: string, ...behaviours: readonly Behaviour[]): Fault => ({
  operation,
  step,
  behaviours,
});

function undoable(groups: Groups): [first: string, last: string] {
  const names = groups.flat().flatMap(({ name, kind }) => (kind === 'compensatable' ? [name] : []));
  return [names[0] ?? '', names.at(-1) ?? ''];
}

/** The last step that can be undone is refused, and there is one before it. */
function unwinds(schedule: Schedule): Schedule & { readonly first: string } {
  const before: PlannedStep = { name: 'y', kind: 'compensatable' };
  const groups: Groups = [[before], ...schedule.groups];
  const [first, last] = undoable(groups);
  return { ...schedule, groups, first, faults: [fault('act', last, 'refuse')] };
}

/** In the second back-off and the third: the first is over before anybody can ask. */
const askedInBackOff = (operation: Operation, step: string, asks: readonly Ask[], draw: number): Schedule['steering'] =>
  [2, 3].map((nth) => ({
    at: { on: 'backOff', operation, step, nth },
    ask: asks[(draw + nth) % asks.length] ?? 'retry',
    repeated: draw > 3,
  }));

/** The history is soon too long, and the journal there; an operator comes when the saga is blocked, not before. */
const leaving = (schedule: Schedule): Schedule => ({
  ...schedule,
  archived: true,
  outage: null,
  historyLimit: 12,
  lastResort: 'retry',
  steering: schedule.steering.filter(({ at }) => at.on === 'blocked'),
});
