// On the dev server: the time-skipping one does not bear a decision at the moment at which a question is answered.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { refusalOf, statusOf, theatre } from './stage.js';

const play = theatre(createDevServer);

describe('an unknown outcome at a participant that must be asked first (rule 9)', () => {
  const probed = [[{ name: 'a', kind: 'compensatable' as const, probed: true }]];

  it(
    'is decided in the pause between two questions as well: asked again, and answered for (rule 18, S10)',
    play(async ({ start, resolve, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'a', 'vanished');
      const saga = await start(probed);
      await eventually('the first question', 20_000, () => participant.calls.includes('ask a'));
      const accepted = async (action: 'retry' | 'applied'): Promise<boolean> =>
        (await refusalOf(resolve(saga, 'a', action))) === 'accepted';
      expect(await eventually('a decision in the pause', 20_000, () => accepted('retry')).catch(String)).toBe(true);
      await eventually(
        'the next question',
        20_000,
        () => participant.calls.filter((call) => call === 'ask a').length > 1,
      );
      await eventually('the answer', 20_000, () => accepted('applied'));
      await outcomeOf(saga);
      expect(statusOf(await recordOf(saga), 'a')).toBe('nothingToDo');
      expect(participant.calls.slice(-2)).toEqual(['undo a', 'act notice']);
    }),
  );
});
