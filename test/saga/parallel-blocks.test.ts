// Two failures that arrive in one workflow task: whether they do is the server's choice, so it is tried several times.
import { BRIEF, theatre } from './stage.js';

const play = theatre();

it(
  'two parallel steps that fail at once block one after the other, so that none of them waits unseen (rule 17)',
  play(async ({ start, blocks, resolve, journalOf, outcomeOf, participant }) => {
    participant.behave('act', 'm', 'refuse');
    participant.behave('act', 'n', 'refuse');
    for (let tries = 0; tries < 10; tries++) {
      const saga = await start(
        [
          [
            { name: 'm', kind: 'block' },
            { name: 'n', kind: 'block' },
          ],
        ],
        BRIEF,
      );
      const first = (await blocks(saga)).blockedOn ?? '';
      await resolve(saga, first, 'skip');
      const second = first === 'm' ? 'n' : 'm';
      await blocks(saga, second);
      await resolve(saga, second, 'skip');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      const names = (await journalOf(saga)).map(({ name }) => name);
      expect(names.filter((name) => name === 'SagaBlocked' || name === 'SagaIntervened')).toEqual([
        'SagaBlocked',
        'SagaIntervened',
        'SagaBlocked',
        'SagaIntervened',
      ]);
    }
  }),
);
