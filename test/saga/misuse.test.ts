// A workflow whose task keeps failing stops this server's time for everybody: these have a server of their own.
import type { PlannedStep, Plan } from './scripted.js';
import { compensatable, theatre } from './stage.js';

const play = theatre();
const P: PlannedStep = { name: 'p', kind: 'pivot' };
const A: PlannedStep = { name: 'a', kind: 'compensatable' };

describe('a programming error fails the workflow task and undoes nothing (rule 13):', () => {
  const mistakes: [string, PlannedStep[][], RegExp, Partial<Plan>][] = [
    ['an error in the body', compensatable('a'), /a programming error/, { bug: true }],
    ['a compensatable step after a pivot (rule 14)', [[P], [A]], /cannot follow a pivot/, {}],
    ['a pivot beside another step', [[A, P]], /nothing runs beside it/, {}],
    ['a compensatable step beside a pivot', [[P, A]], /cannot follow a pivot/, {}],
    ['a step that is run twice', [[A], [A]], /has been run before/, {}],
    ['a failure of the body after a pivot (rule 14)', [[A], [P]], /only goes forward/, { failure: 'Sorry' }],
  ];
  it(
    mistakes.map(([name]) => name).join(', '),
    play(async ({ start, alarmOf, participant }) => {
      const sagas = await Promise.all(mistakes.map(([, groups, , more]) => start(groups, more)));
      const alarms = await Promise.all(sagas.map((saga) => alarmOf(saga)));
      mistakes.forEach(([, , message], index) => expect(alarms[index]).toMatch(message));
      expect(participant.calls.filter((call) => call.startsWith('undo'))).toEqual([]);
    }),
  );
});
