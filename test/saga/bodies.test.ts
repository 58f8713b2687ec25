import { compensatable, refusalOf, statusOf, theatre } from './stage.js';

const play = theatre();

describe('a body', () => {
  it(
    'may await a step later than it fails',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'held');
      participant.behave('act', 'b', 'refuse');
      const saga = await start(compensatable('a', 'b'), { body: 'awaitsLater' });
      await participant.arrived('act', 'a');
      await participant.arrived('act', 'b');
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'may wrap what a step throws: what is undone is decided already (rule 13)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'refuse');
      participant.behave('act', 'b', 'refuse');
      const saga = await start(compensatable('a', 'b'), { body: 'wrapsFailures' });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
    }),
  );

  it(
    'may reuse an input that it changes: each compensation gets the input as its action got it (rule 2, S6)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'c', 'refuse');
      const saga = await start(compensatable('a', 'b', 'c'), { body: 'reusesItsInput' });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(participant.calls.filter((call) => call.startsWith('undo'))).toEqual(['undo b', 'undo a']);
      expect(participant.effects()).toEqual([]);
    }),
  );

  it.each(['CancelRequested', 'StepTimedOut', 'DeadlineExceeded', 'Cancelled'])(
    "cannot end a saga with the library's own code %s (S11)",
    (failure) =>
      play(async ({ start, outcomeOf, participant }) => {
        const saga = await start(compensatable('a'), { failure });
        expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: `Foreign${failure}` });
        expect(participant.effects()).toEqual([]);
      })(),
  );

  it(
    'may leave out a step: the saga cannot be cancelled once it only goes forward (rule 24)',
    play(async ({ start, cancel, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'mail', 'held');
      const saga = await start([...compensatable('a', 'b'), [{ name: 'mail', kind: 'deadLetter' }]], {
        body: 'leavesOutAStep',
      });
      await participant.arrived('act', 'mail');
      expect(await refusalOf(cancel(saga))).toBe('AlreadyFulfilled');
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      expect(statusOf(await recordOf(saga), 'b')).toBe('pending');
    }),
  );
});
