// On the dev server: the time-skipping one does not answer what meets a continue-as-new.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { BRIEF, compensatable, refusalOf, theatre, type Running, type Stage } from './stage.js';

const play = theatre(createDevServer);

/** A saga that is blocked undoing `b`, and is continued as new since its history is long for its limit. */
async function handedOver(stage: Stage): Promise<Running> {
  stage.participant.behave('act', 'c', 'refuse');
  stage.participant.behave('undo', 'b', 'refuse');
  const saga = await stage.start(compensatable('a', 'b', 'c'), { ...BRIEF, historyLimit: 20 });
  await eventually('the second run', 20_000, async () => {
    const { raw, runId } = await stage.latest(saga).describe();
    return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
  });
  return saga;
}

describe('a saga that stays blocked while it unwinds is continued as new', () => {
  it(
    'with its stack, its journal position, its waivers and what was decided (rules 4, 18 and 26)',
    play(async (stage) => {
      const saga = await handedOver(stage);
      const before = await stage.recordOf(saga);
      expect(before).toMatchObject({ state: 'COMPENSATING', blockedOn: 'b', reason: 'Refused' });
      expect(await refusalOf(stage.cancel(saga))).toBe('AlreadyUnwinding');
      const first = await stage.resolve(saga, 'b', 'retry', { requestId: 'r1' });
      await eventually('the block to return', 20_000, async () => {
        const tries = stage.participant.calls.filter((call) => call === 'undo b').length;
        return tries === 2 && (await stage.recordOf(saga)).blockedOn === 'b';
      });
      expect(await stage.resolve(saga, 'b', 'retry', { requestId: 'r1' })).toEqual(first);
      expect(await refusalOf(stage.resolve(saga, 'b', 'skip', { requestId: 'r1' }))).toBe('RequestIdReused');
      await stage.resolve(saga, 'b', 'skip', { reason: 'written off' });
      expect(await stage.outcomeOf(saga)).toMatchObject({
        state: 'FAILED',
        reason: 'Refused',
        waivers: [{ step: 'b', actor: 'olga', reason: 'written off' }],
      });
      const numbers = (await stage.journalOf(saga)).map(({ seq }) => seq);
      expect(numbers[0]).toBeGreaterThan(10);
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      expect(stage.participant.calls.filter((call) => call === 'undo a')).toHaveLength(1);
      expect(stage.participant.effects()).toEqual([expect.stringMatching(/\/b$/)]);
    }),
  );

  it(
    'as often as it takes, while operators go on trying',
    play(async (stage) => {
      const saga = await handedOver(stage);
      for (let tries = 0; tries < 6; tries++) {
        await eventually(`request ${tries} to be decided`, 20_000, async () => {
          if ((await stage.recordOf(saga)).blockedOn !== 'b') return false;
          const request = stage.resolve(saga, 'b', 'retry', { requestId: `try-${tries}` });
          return (await refusalOf(request)) === 'accepted';
        });
      }
      await eventually('the last block', 20_000, async () => {
        const tries = stage.participant.calls.filter((call) => call === 'undo b').length;
        return tries === 7 && (await stage.recordOf(saga)).blockedOn === 'b';
      });
      stage.participant.behave('undo', 'b', 'ok');
      await stage.resolve(saga, 'b', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [] });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );
});

describe("Temporal's own cancel before the first workflow task (rule 27)", () => {
  it(
    'is acted on, and no participant is called',
    play(async ({ startLater, outcomeOf, recordOf, participant }) => {
      const saga = await startLater([[{ name: 'p', kind: 'pivot' }]]);
      await saga.cancel();
      await expect(outcomeOf(saga)).rejects.toThrow();
      expect(await recordOf(saga)).toMatchObject({ state: 'CANCELLED', reason: 'CancelRequested' });
      expect(participant.calls).toEqual(['act notice']);
    }),
  );
});

// A run that closed beside a running activity would stop the other server's time for good.
describe('a body', () => {
  it(
    'that forgets a branch starts nothing any more once the verdict is there (rule 28)',
    play(async ({ start, outcomeOf, journalOf, participant }) => {
      const saga = await start(compensatable('a', 'b', 'c'), { body: 'forgetsABranch' });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      const names = (await journalOf(saga)).map(({ name }) => name);
      expect(names.filter((name) => name === 'ScriptedCompleted')).toHaveLength(1);
      expect(names.at(-1)).toBe('ScriptedCompleted');
      expect(participant.calls.filter((call) => call.startsWith('undo'))).toEqual([]);
    }),
  );
});
