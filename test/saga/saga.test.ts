import { eventually } from '../support/eventually.js';
import type { PlannedStep } from './scripted.js';
import { compensatable, statusOf, theatre } from './stage.js';

const play = theatre();
const undone = (calls: readonly string[]): string[] => calls.filter((call) => call.startsWith('undo'));

describe('a saga that goes forward', () => {
  it(
    'completes when every step does, and keeps results and attempts',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', ['unavailable', 'unavailable']);
      const saga = await start(compensatable('a', 'b'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', reason: null });
      const record = await recordOf(saga);
      expect(record.steps.map(({ name, status, attempts }) => [name, status, attempts])).toEqual([
        ['a', 'completed', 1],
        ['b', 'completed', 3],
      ]);
      expect(participant.effects()).toHaveLength(2);
    }),
  );

  it(
    'counts every attempt of its last step, and of the notice when it is undone',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      for (const name of ['mail', 'notice']) participant.behave('act', name, ['unavailable', 'unavailable']);
      const attemptsOf = async (groups: readonly (readonly PlannedStep[])[], name: string) => {
        const saga = await start(groups);
        await outcomeOf(saga);
        return (await recordOf(saga)).steps.find((step) => step.name === name)?.attempts;
      };
      expect(await attemptsOf([...compensatable('a'), [{ name: 'mail', kind: 'last' }]], 'mail')).toBe(3);
      participant.behave('act', 'b', 'refuse');
      expect(await attemptsOf(compensatable('a', 'b'), 'notice')).toBe(3);
    }),
  );

  it(
    'goes on when one answer is lost: the repeat finds the effect (rule 34)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'a', ['lost']);
      expect(await outcomeOf(await start(compensatable('a')))).toMatchObject({ state: 'COMPLETED' });
      expect(participant.effects()).toHaveLength(1);
    }),
  );
});

describe('a saga that fails', () => {
  it(
    'undoes in strict reverse what was done, and not what was refused (rules 1, 3 and 8)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'c', 'refuse');
      const saga = await start(compensatable('a', 'b', 'c'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(undone(participant.calls)).toEqual(['undo b', 'undo a']);
      expect(participant.calls.filter((call) => call === 'act c')).toHaveLength(1);
      const record = await recordOf(saga);
      expect(['a', 'b', 'c', 'notice'].map((name) => statusOf(record, name))).toEqual([
        'compensated',
        'compensated',
        'failed',
        'completed',
      ]);
    }),
  );

  it(
    'undoes a step whose answers were all lost, by its id (rules 1, 2 and 9)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'lost');
      const saga = await start(compensatable('a', 'b'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      expect(statusOf(await recordOf(saga), 'b')).toBe('compensated');
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'takes no failure for a refusal that its step does not list: the outcome is unknown, and undone by its id (rules 8, 10 and 12)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'broken');
      const saga = await start(compensatable('a', 'b'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'StepUnknown' });
      expect(statusOf(await recordOf(saga), 'b')).toBe('compensated');
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'fences a step that never happened, so that its late original is refused (rule 20)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'a', 'late');
      const saga = await start(compensatable('a'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      expect(statusOf(await recordOf(saga), 'a')).toBe('nothingToDo');
      participant.arriveLate();
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'lets parallel steps settle before it undoes the first (rule 3)',
    play(async ({ start, outcomeOf, recordOf, journalOf, participant }) => {
      participant.behave('act', 'slow', ['held']);
      participant.behave('act', 'bad', 'refuse');
      const parallel = ['slow', 'bad', 'quick'].map((name) => ({ name, kind: 'compensatable' as const }));
      const saga = await start([parallel]);
      await participant.arrived('act', 'bad');
      await participant.arrived('act', 'slow');
      await eventually('it to unwind', 30_000, async () => (await recordOf(saga)).state === 'COMPENSATING');
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(undone(participant.calls)).toEqual(['undo quick', 'undo slow']);
      const events = (await journalOf(saga)).map(({ event }) => ('step' in event ? `${event.type} ${event.step}` : ''));
      const settled = events.indexOf('SagaStepCompleted slow');
      expect(events.slice(settled).filter((event) => event.startsWith('SagaCompensationStarted'))).toEqual([
        'SagaCompensationStarted quick',
        'SagaCompensationStarted slow',
      ]);
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'schedules nothing more after its deadline, and still undoes with full budgets (rule 11)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'unavailable');
      participant.behave('undo', 'a', Array(20).fill('unavailable'));
      const saga = await start(compensatable('a', 'b', 'c'), { deadline: 60_000 });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'DeadlineExceeded' });
      expect(participant.calls).not.toContain('act c');
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    "gives a compensation its own budget, whatever its action's is and whatever the deadline leaves (rules 11 and 15)",
    play(async ({ start, outcomeOf, journalOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      const saga = await start(compensatable('a', 'b'), { undoBudget: 3_600_000, deadline: 60_000 });
      await outcomeOf(saga);
      const budgets = (await journalOf(saga)).flatMap(({ event, at }) =>
        event.type === 'SagaCompensationStarted' ? [Date.parse(event.timeoutAt) - Date.parse(at)] : [],
      );
      expect(budgets).toEqual([3_600_000]);
    }),
  );

  it(
    'survives two hours without the compensating service, with nobody to help (rule 15)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', Array(130).fill('unavailable'));
      const saga = await start(compensatable('a', 'b'), { undoBudget: 86_400_000 });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
      const { steps } = await recordOf(saga);
      const [a] = steps;
      expect(a).toMatchObject({ status: 'compensated', attempts: 132 });
      expect(Date.parse(a?.compensatedAt ?? '') - Date.parse(a?.executedAt ?? '')).toBeGreaterThan(2 * 3600_000);
    }),
  );
});
