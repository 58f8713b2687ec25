// A workflow whose task keeps failing stops this server's time for everybody: these have a server of their own.
import type { PlannedStep, Plan } from './scripted.js';
import { compensatable, theatre } from './stage.js';

const play = theatre();
const P: PlannedStep = { name: 'p', kind: 'pivot' };
const A: PlannedStep = { name: 'a', kind: 'compensatable' };
const MAIL: PlannedStep = { name: 'mail', kind: 'deadLetter' };
const LAST: PlannedStep = { name: 'end', kind: 'last' };
const BOSS: PlannedStep = { name: 'boss', kind: 'approval' };

// First: what has failed its tasks holds the time for what comes after it.
describe('a saga that is carried over', () => {
  it(
    'fails its workflow task at a step that has no compensation any more, and does not pass it over (rule 4)',
    play(async ({ start, startCopy, outcomeOf, recordOf, alarmOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      const saga = await start(compensatable('a', 'b'));
      await outcomeOf(saga);
      const before = [...participant.calls];
      const record = { ...(await recordOf(saga)), state: 'COMPENSATING' as const };
      const stack = ['a', 'gone'].map((step) => {
        return { step, input: { sagaId: saga.workflowId, step }, outcome: 'applied' as const };
      });
      const carried = { record, seq: 9, stack, deadlineAt: 0, decisions: [], given: [] };
      expect(await alarmOf(await startCopy(saga, 'itself', carried))).toMatch(/No compensation is defined for gone/);
      expect(participant.calls).toEqual(before);
    }),
  );
});

describe('a programming error fails the workflow task and undoes nothing (rule 13):', () => {
  const mistakes: [string, PlannedStep[][], RegExp, Partial<Plan>][] = [
    ['an error in the body', compensatable('a'), /a programming error/, { bug: true }],
    ['a compensatable step after a pivot (rule 14)', [[P], [A]], /a cannot follow what cannot be undone/, {}],
    ['a second pivot', [[P], [{ ...P, name: 'q' }]], /q cannot follow what cannot be undone/, {}],
    ['an approval after a pivot', [[A], [P], [BOSS]], /boss: an approval cannot follow/, {}],
    ['a compensatable step after a retriable one', [[MAIL], [A]], /a cannot follow what cannot be undone/, {}],
    ['a pivot beside another step', [[A, P]], /p cannot be undone: nothing may run beside it/, {}],
    ['a retriable step beside another', [[A, MAIL]], /mail cannot be undone: nothing may run beside it/, {}],
    ['a compensatable step beside a pivot', [[P, A]], /a cannot follow what cannot be undone/, {}],
    ['a step beside the last one (rule 28)', [[LAST, MAIL]], /mail cannot run beside or after the last step/, {}],
    ['a last step beside others (rule 28)', [[MAIL, LAST]], /end cannot be the last step: it may block, or/, {}],
    ['a step that is run twice', [[A], [A]], /have the same name/, {}],
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
