// This server loses Updates once its time has been skipped far: they have a server of their own.
import { BRIEF, statusOf, theatre } from './stage.js';

const play = theatre();

describe('an unknown outcome at a participant that must be asked first (rule 9)', () => {
  const probed = [[{ name: 'a', kind: 'compensatable' as const, probed: true }]];

  it(
    'blocks when nobody can say, until an operator does',
    play(async ({ start, blocks, resolve, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'a', 'lost');
      participant.behave('ask', 'a', 'unavailable');
      const saga = await start(probed, BRIEF);
      await blocks(saga, 'a');
      await resolve(saga, 'a', 'applied');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [] });
      expect(statusOf(await recordOf(saga), 'a')).toBe('compensated');
    }),
  );

  it(
    'is compensated when the participant finds it applied',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'a', 'lost');
      const saga = await start(probed);
      await outcomeOf(saga);
      expect(statusOf(await recordOf(saga), 'a')).toBe('compensated');
      expect(participant.calls.slice(-3)).toEqual(['ask a', 'undo a', 'act notice']);
    }),
  );

  it(
    'counts as not applied only when that is said again after the maximum processing time',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'a', 'late');
      const saga = await start(probed);
      await outcomeOf(saga);
      expect(participant.calls.filter((call) => call === 'ask a')).toHaveLength(2);
      expect(statusOf(await recordOf(saga), 'a')).toBe('nothingToDo');
    }),
  );

  it(
    'is asked about for no longer than the deadline leaves, and is then compensated with the full budget (rule 11)',
    play(async ({ start, outcomeOf, recordOf, journalOf, participant }) => {
      participant.behave('act', 'a', 'broken');
      const saga = await start(probed, { deadline: 60_000, undoBudget: 3_600_000 });
      await outcomeOf(saga);
      const [asked, undone] = (await journalOf(saga)).flatMap(({ event, at }) =>
        event.type === 'SagaCompensationStarted' ? [{ at: Date.parse(at), until: Date.parse(event.timeoutAt) }] : [],
      );
      const deadlineAt = Date.parse((await recordOf(saga)).createdAt) + 60_000;
      expect(asked?.until).toBeLessThanOrEqual(deadlineAt);
      expect(Number(undone?.until) - Number(undone?.at)).toBe(3_600_000);
    }),
  );
});
