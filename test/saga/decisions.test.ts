// On the dev server: decisions that come while no worker lives, in a back-off, or beside an Update of the workflow's own.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { untilEnd, type PlannedStep } from './scripted.js';
import { BRIEF, compensatable, refusalOf, soon, theatre, type Running, type Stage } from './stage.js';

const play = theatre(createDevServer);

const waits = ({ recordOf }: Stage, saga: Running, count: number): Promise<true> =>
  eventually(`${count} waits`, 20_000, async () => {
    const { waitingFor } = await recordOf(saga);
    return waitingFor !== null && 1 + (waitingFor.also?.length ?? 0) === count;
  });

/** Temporal has answered a later question, so the request has arrived. */
async function arrived(saga: Running, request: Promise<unknown>): Promise<{ readonly answer: Promise<unknown> }> {
  const answer = refusalOf(request);
  answer.catch(() => undefined);
  await saga.describe();
  return { answer };
}

const timePassed = (saga: Running): Promise<true> =>
  eventually('the time of a wait to pass', 20_000, async () =>
    Boolean((await saga.fetchHistory()).events?.some((event) => event.timerFiredEventAttributes)),
  );

describe('an approval that is given while no worker lives', () => {
  it.each(['after', 'before'] as const)(
    'is refused as expired if its time has passed when one lives again, and it was sent %s that (S9)',
    (sent) =>
      play(async (stage) => {
        const groups = [...compensatable('a'), [{ name: 'boss', kind: 'approval' as const }], ...compensatable('b')];
        const saga = await stage.start(groups, { ...BRIEF, approvalTimeout: 2000 });
        await waits(stage, saga, 1);
        const { answer } = await stage.withoutWorker(async () => {
          if (sent === 'after') await timePassed(saga);
          const request = await arrived(saga, stage.answer(saga, 'approve'));
          await timePassed(saga);
          return request;
        });
        expect(await soon(answer)).toBe('ApprovalExpired');
        expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'ApprovalExpired' });
        expect(stage.participant.calls).toEqual(['act a', 'undo a', 'act notice']);
      })(),
  );

  it(
    'lets its own branch go on, and the other one waits in its own time (S5)',
    play(async (stage) => {
      const saga = await stage.start(compensatable('b', 'c'), { body: 'waitsInBranches' });
      await waits(stage, saga, 2);
      const { until = '', also: [legal] = [] } = (await stage.recordOf(saga)).waitingFor ?? {};
      expect(Date.parse(legal?.until ?? '') - Date.parse(until)).toBeGreaterThan(500_000);
      const { answer } = await stage.withoutWorker(() => arrived(saga, stage.answer(saga, 'approve', 'boss')));
      expect(await soon(answer)).toBe('accepted');
      expect(await soon(stage.participant.arrived('act', 'b'))).not.toBe('no answer');
      expect((await stage.recordOf(saga)).waitingFor).toMatchObject({ approval: 'legal' });
      expect(await soon(refusalOf(stage.answer(saga, 'approve', 'legal')))).toBe('accepted');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      expect(stage.participant.effects()).toHaveLength(2);
    }),
  );
});

describe('a call that waits for its next attempt is made at once when an operator retries it (rule 18, S10):', () => {
  it.each<[string, PlannedStep['kind']]>([
    ['a compensatable action', 'compensatable'],
    ['a notice', 'deadLetter'],
    ['a pivot', 'pivot'],
  ])('%s', (_, kind) =>
    play(async ({ start, resolve, outcomeOf, journalOf, participant }) => {
      participant.behave('act', 'a', 'unavailable');
      const saga = await start([[{ name: 'a', kind }]]);
      const calls = (): number => participant.calls.filter((call) => call === 'act a').length;
      await eventually('a long back-off', 20_000, () => calls() === 4);
      participant.behave('act', 'a', 'ok');
      expect(await soon(refusalOf(resolve(saga, 'a', 'retry')))).toBe('accepted');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', deadLetters: [], waivers: [] });
      expect(calls()).toBe(5);
      const names = (await journalOf(saga)).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['SagaIntervened', 'SagaStepStarted', 'SagaStepCompleted']));
      expect(names.filter((name) => name === 'SagaStepStarted')).toHaveLength(2);
    })(),
  );
});

describe("an Update of the workflow's own that waits for the end (rule 24, S3)", () => {
  const accepted = (saga: Running): Promise<true> =>
    eventually('the poll to be accepted', 20_000, async () =>
      Boolean(
        (await saga.fetchHistory()).events?.some((event) => event.workflowExecutionUpdateAcceptedEventAttributes),
      ),
    );

  it(
    'does not keep an accepted cancel from being acted on',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'unavailable');
      const saga = await stage.start(compensatable('a', 'b'), { polled: true });
      await stage.participant.arrived('act', 'b');
      const poll = saga.executeUpdate(untilEnd);
      await accepted(saga);
      await stage.cancel(saga);
      expect(await soon(poll)).toBe('CANCELLED');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
    }),
  );

  it(
    'does not keep a blocked saga from being continued as new, nor its operator from deciding there',
    play(async (stage) => {
      stage.participant.behave('act', 'a', 'held');
      stage.participant.behave('act', 'b', 'refuse');
      stage.participant.behave('undo', 'a', 'refuse');
      const saga = await stage.start(compensatable('a', 'b'), {
        ...BRIEF,
        attempt: 20_000,
        budget: 20_000,
        polled: true,
        historyLimit: 20,
      });
      // The run that it polls is left behind, and the poll with it.
      saga.executeUpdate(untilEnd).catch(() => undefined);
      await accepted(saga);
      stage.participant.release();
      const isSecondRun = async (): Promise<boolean> => {
        const { raw, runId } = await stage.latest(saga).describe();
        return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
      };
      const left = eventually('the second run', 20_000, isSecondRun).catch(String);
      expect(await left).toBe(true);
      expect(await soon(refusalOf(stage.resolve(saga, 'a', 'skip')))).toBe('accepted');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [{ step: 'a' }] });
    }),
  );
});
