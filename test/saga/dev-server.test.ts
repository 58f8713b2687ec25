// On the dev server: the time-skipping one does not answer what meets a continue-as-new.
import { defaultPayloadConverter } from '@temporalio/common';
import type { CarriedSaga } from '../../src/saga/saga.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { BRIEF, compensatable, refusalOf, theatre, type Running, type Stage } from './stage.js';

const play = theatre(createDevServer);

/** A saga that is blocked undoing `b`, and is continued as new since its history is long for its limit. */
async function handedOver(stage: Stage): Promise<Running> {
  stage.participant.behave('act', 'c', 'refuse');
  stage.participant.behave('undo', 'b', 'refuse');
  const saga = await stage.start(compensatable('a', 'b', 'c'), { ...BRIEF, historyLimit: 20 });
  await secondRun(stage, saga);
  return saga;
}

const secondRun = (stage: Stage, saga: Running): Promise<true> =>
  eventually('the second run', 20_000, async () => {
    const { raw, runId } = await stage.latest(saga).describe();
    return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
  });

const PROBED = [[{ name: 'a', kind: 'compensatable', probed: true }]] as const;

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

  it(
    'with what was waived before (rule 4)',
    play(async (stage) => {
      stage.participant.behave('undo', 'a', 'refuse');
      const saga = await handedOver(stage);
      const { runId: decidedIn } = await stage.latest(saga).describe();
      await stage.resolve(saga, 'b', 'skip', { reason: 'written off' });
      await eventually('another run, blocked on the next step', 30_000, async () => {
        if ((await stage.recordOf(saga)).blockedOn !== 'a') return false;
        if ((await stage.latest(saga).describe()).runId !== decidedIn) return true;
        await refusalOf(stage.resolve(saga, 'a', 'retry'));
        return false;
      });
      const waivers = [{ step: 'b', actor: 'olga', reason: 'written off' }];
      expect(await stage.recordOf(saga)).toMatchObject({ waivers });
      stage.participant.behave('undo', 'a', 'ok');
      await stage.resolve(saga, 'a', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers });
    }),
  );

  it(
    'with what its participant said of an action, which is not asked again (rule 9)',
    play(async (stage) => {
      const { participant } = stage;
      participant.behave('act', 'a', 'broken');
      participant.behave('undo', 'a', ['refuse']);
      const saga = await stage.start(PROBED, { historyLimit: 20 });
      await secondRun(stage, saga);
      await stage.resolve(saga, 'a', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [] });
      expect(participant.calls).toEqual(['act a', 'ask a', 'undo a', 'undo a', 'act notice']);
    }),
  );

  it(
    'with its deadline, which goes on counting from the start of the first run (rule 11)',
    play(async (stage) => {
      stage.participant.behave('act', 'a', 'broken');
      stage.participant.behave('ask', 'a', ['broken']);
      const saga = await stage.start(PROBED, { historyLimit: 12, deadline: 60_000 });
      await secondRun(stage, saga);
      await stage.resolve(saga, 'a', 'retry');
      await stage.outcomeOf(saga);
      const [askedUntil] = (await stage.journalOf(saga)).flatMap(({ event }) =>
        event.type === 'SagaCompensationStarted' ? [Date.parse(event.timeoutAt)] : [],
      );
      const { createdAt } = await stage.recordOf(saga);
      expect(askedUntil).toBeLessThanOrEqual(Date.parse(createdAt) + 60_000);
    }),
  );
});

describe('a decision on a step that is under way', () => {
  it(
    'is refused if the answer of the participant was quicker (rule 18)',
    play(async ({ start, propose, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', ['held']);
      const saga = await start(compensatable('a', 'b'), { attempt: 60_000 });
      await participant.arrived('undo', 'a');
      const answer = await propose(saga, 'a', 'block');
      participant.release();
      expect(await refusalOf(answer())).toBe('Overtaken');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused', waivers: [] });
    }),
  );
});

/** The input of the present run: what was carried into it. */
async function carriedInto(stage: Stage, saga: Running): Promise<CarriedSaga> {
  const { events } = await stage.latest(saga).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[1];
  return defaultPayloadConverter.fromPayload<CarriedSaga>(payload ?? {});
}

const isInSecondRun = async (stage: Stage, saga: Running): Promise<boolean> => {
  const { raw, runId } = await stage.latest(saga).describe();
  return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
};

describe('a saga that is steered for long', () => {
  it(
    'is continued as new while it goes forward, too: its finished steps are not called again (rule 16, S2)',
    play(async (stage) => {
      stage.participant.behave('act', 'p', 'lost');
      const groups = [...compensatable('a', 'b'), [{ name: 'p', kind: 'pivot' as const }]];
      const saga = await stage.start(groups, { ...BRIEF, historyLimit: 20 });
      await eventually('the second run', 30_000, () => isInSecondRun(stage, saga));
      expect(await stage.recordOf(saga)).toMatchObject({ state: 'PENDING', blockedOn: 'p' });
      expect(await refusalOf(stage.cancel(saga))).toBe('AlreadyFulfilled');
      const answered = eventually(
        'the answer',
        20_000,
        async () => (await refusalOf(stage.resolve(saga, 'p', 'applied'))) === 'accepted',
      );
      expect(await answered.catch(String)).toBe(true);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', waivers: [] });
      expect(stage.participant.calls.filter((call) => call === 'act a' || call === 'act b')).toEqual([
        'act a',
        'act b',
      ]);
    }),
  );

  it(
    'keeps the newest 300 decisions, and none that has lapsed (rule 16, S2)',
    play(async (stage) => {
      const saga = await handedOver(stage);
      const carried = await carriedInto(stage, saga);
      await stage.latest(saga).terminate('started again with what it never had');
      const decision = { accepted: true, state: 'COMPENSATING', at: '2026-01-01T00:00:00.000Z' } as const;
      const decisions = Array.from({ length: 500 }, (_, index) => {
        const lapsesAt = index % 10 === 0 ? 0 : Date.now() + 3_600_000;
        return [`known-${index}`, { content: 'x', lapsesAt, decision }] as const;
      });
      const copy = (await stage.startCopy(saga, 'itself', { ...carried, decisions })) as Running;
      await eventually(
        'the decision',
        20_000,
        async () => (await refusalOf(stage.resolve(copy, 'b', 'block'))) === 'NotApplicable',
      );
      for (let tries = 0; !(await isInSecondRun(stage, copy)); tries++) {
        await refusalOf(stage.resolve(copy, 'b', 'retry', { requestId: `try-${tries}` }));
      }
      const kept = (await carriedInto(stage, copy)).decisions;
      expect(kept).toHaveLength(300);
      expect(kept.every(([, { lapsesAt }]) => lapsesAt > 0)).toBe(true);
      await stage.latest(copy).terminate('seen');
    }),
  );

  it(
    "remembers over a continue-as-new that Temporal's own cancel came too late (S8)",
    play(async (stage) => {
      stage.participant.behave('act', 'p', 'lost');
      const groups = [...compensatable('a'), [{ name: 'p', kind: 'pivot' as const }]];
      const saga = await stage.start(groups, { ...BRIEF, historyLimit: 30 });
      await stage.blocks(saga, 'p');
      await saga.cancel();
      for (let tries = 0; !(await isInSecondRun(stage, saga)); tries++) {
        await refusalOf(stage.resolve(saga, 'p', 'retry', { requestId: `try-${tries}` })).catch(() => undefined);
      }
      await stage.blocks(saga, 'p');
      await eventually(
        'the answer',
        20_000,
        async () => (await refusalOf(stage.resolve(saga, 'p', 'applied'))) === 'accepted',
      );
      expect(await stage.latest(saga).result()).toMatchObject({ state: 'COMPLETED', cancelledTooLate: true });
    }),
  );
});

describe('a reset that goes behind the unwinding (rule 27, S4)', () => {
  it(
    'does not end COMPLETED: each step on the stack is called once more, and one that was undone is refused',
    play(async (stage) => {
      const groups = [...compensatable('a'), [{ name: 'boss', kind: 'approval' as const }], ...compensatable('b')];
      const saga = await stage.start(groups, { ...BRIEF, approvalTimeout: 600_000 });
      await eventually('the wait', 20_000, async () => (await stage.recordOf(saga)).waitingFor !== null);
      const waiting = (await saga.fetchHistory()).events?.findLast(
        (event) => event.workflowTaskCompletedEventAttributes,
      );
      await stage.cancel(saga);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      await stage.reset(saga, waiting?.eventId);
      await eventually('the wait again', 20_000, async () => (await stage.recordOf(saga)).waitingFor !== null);
      await stage.answer(stage.latest(saga) as Running, 'approve');
      expect(await stage.latest(saga).result()).toMatchObject({ state: 'FAILED', reason: 'AlreadyCancelled' });
      expect(stage.participant.effects()).toEqual([]);
      expect(stage.participant.calls).not.toContain('act b');
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
