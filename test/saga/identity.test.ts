// A workflow acts for the saga whose id is its own, and for no other: copies of an input call nobody.
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { SAGA_REFUSED } from '../../src/saga/saga.js';
import { compensatable, theatre } from './stage.js';

const play = theatre();

/** The type of the failure with which a workflow was refused; or with what it ended. */
async function refusalOf(result: Promise<unknown>): Promise<string | null | undefined> {
  const error: unknown = await result.then(
    (outcome) => `it ended with ${JSON.stringify(outcome)}`,
    (reason: unknown) => reason,
  );
  if (typeof error === 'string') return error;
  if (!(error instanceof WorkflowFailedError)) throw error;
  const cause = error.cause instanceof ChildWorkflowFailure ? error.cause.cause : error.cause;
  if (!(cause instanceof ApplicationFailure)) throw error;
  return cause.type;
}

describe('a saga in a workflow that is not its own (S12, rule 19)', () => {
  it.each(['workflow', 'child'] as const)('is refused as another %s, and no participant is called', (as) =>
    play(async ({ start, startCopy, outcomeOf, participant }) => {
      const saga = await start(compensatable('a', 'b'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      const before = [...participant.calls];
      expect(await refusalOf((await startCopy(saga, as)).result())).toBe(SAGA_REFUSED);
      expect(participant.calls).toEqual(before);
      expect(participant.effects()).toHaveLength(2);
    })(),
  );

  it(
    'undoes nothing when it is cancelled at once',
    play(async ({ start, startCopy, outcomeOf, participant }) => {
      const saga = await start(compensatable('a', 'b'));
      await outcomeOf(saga);
      const before = [...participant.calls];
      const copy = await startCopy(saga, 'workflow');
      await copy.cancel().catch(() => undefined);
      expect(await refusalOf(copy.result())).toBe(SAGA_REFUSED);
      expect(participant.calls).toEqual(before);
      expect(participant.effects()).toHaveLength(2);
    }),
  );

  it(
    'carries nothing over from another saga',
    play(async ({ start, startCopy, outcomeOf, recordOf, participant }) => {
      const [saga, other] = [await start(compensatable('a')), await start(compensatable('b'))];
      await Promise.all([outcomeOf(saga), outcomeOf(other)]);
      const stack = [{ step: 'b', input: { sagaId: other.workflowId, step: 'b' }, outcome: 'applied' as const }];
      const carried = {
        record: await recordOf(other),
        seq: 1,
        stack,
        deadlineAt: 0,
        decisions: [],
        given: [],
      };
      const before = [...participant.calls];
      expect(await refusalOf((await startCopy(saga, 'itself', carried)).result())).toBe(SAGA_REFUSED);
      expect(participant.calls).toEqual(before);
    }),
  );

  it(
    'is refused without a deadline, before it calls anybody',
    play(async ({ start, participant }) => {
      const saga = await start(compensatable('a'), { deadline: Number.NaN });
      expect(await refusalOf(saga.result())).toBe(SAGA_REFUSED);
      expect(participant.calls).toEqual([]);
    }),
  );

  it.each([{ budget: 0 }, { undoBudget: Number.NaN }, { attempt: -1 }])(
    'is refused with a budget that is not positive, before it calls anybody: %p',
    (budgets) =>
      play(async ({ start, participant }) => {
        const saga = await start(compensatable('a'), budgets);
        expect(await refusalOf(saga.result())).toBe(SAGA_REFUSED);
        expect(participant.calls).toEqual([]);
      })(),
  );
});
