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
