import { eventually } from '../support/eventually.js';
import type { PlannedStep } from './scripted.js';
import { compensatable, refusalOf, theatre, type Running, type Stage } from './stage.js';

const play = theatre();
const ASKED: PlannedStep[][] = [...compensatable('a'), [{ name: 'boss', kind: 'approval' }], ...compensatable('b')];

async function waitingSaga({ start, recordOf }: Stage): Promise<Running> {
  const saga = await start(ASKED);
  await eventually('it to wait', 30_000, async () => (await recordOf(saga)).waitingFor !== null);
  return saga;
}

describe('a saga that waits for an approval', () => {
  it(
    'says so, is PENDING and not blocked, and goes on when it is approved',
    play(async (stage) => {
      const saga = await waitingSaga(stage);
      const { state, blockedOn, waitingFor, createdAt } = await stage.recordOf(saga);
      expect({ state, blockedOn, approval: waitingFor?.approval }).toEqual({
        state: 'PENDING',
        blockedOn: null,
        approval: 'boss',
      });
      expect(Date.parse(waitingFor?.until ?? '') - Date.parse(createdAt)).toBeGreaterThanOrEqual(300_000);
      expect(stage.participant.calls).toEqual(['act a']);
      expect(await stage.answer(saga, 'approve')).toMatchObject({ accepted: true, state: 'PENDING' });
      expect(await refusalOf(stage.answer(saga, 'reject'))).toBe('NotApplicable');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', reason: null });
      expect((await stage.journalOf(saga)).find(({ name }) => name === 'SagaWaitEnded')?.event).toMatchObject({
        answer: 'approved',
        actor: 'anna',
      });
    }),
  );

  it(
    'is undone when it is rejected',
    play(async (stage) => {
      const saga = await waitingSaga(stage);
      expect(await stage.answer(saga, 'reject')).toMatchObject({ accepted: true, state: 'COMPENSATING' });
      expect(await refusalOf(stage.cancel(saga))).toBe('AlreadyUnwinding');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'ApprovalRejected' });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'is undone when nobody answers in time',
    play(async (stage) => {
      const saga = await stage.start(ASKED);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'ApprovalExpired' });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'waits no longer than the saga may take (rule 11)',
    play(async (stage) => {
      const saga = await stage.start(ASKED, { deadline: 60_000 });
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'DeadlineExceeded' });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'can be cancelled, and is asked nothing more (rule 24)',
    play(async (stage) => {
      const saga = await waitingSaga(stage);
      await stage.cancel(saga);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      expect((await stage.journalOf(saga)).find(({ name }) => name === 'SagaWaitEnded')?.event).toMatchObject({
        answer: 'cancelled',
      });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'waits again when the body asks for the same approval once more',
    play(async (stage) => {
      const saga = await stage.start([...ASKED, [{ name: 'boss', kind: 'approval' }]]);
      const questions = async (): Promise<number> =>
        (await stage.journalOf(saga)).filter(({ name }) => name === 'SagaWaitStarted').length;
      await eventually('it to wait', 30_000, async () => (await questions()) === 1);
      expect(await stage.answer(saga, 'approve')).toMatchObject({ accepted: true });
      await eventually(
        'it to wait again, or to have gone on',
        30_000,
        async () => (await questions()) === 2 || (await stage.recordOf(saga)).state === 'COMPLETED',
      );
      expect(await questions()).toBe(2);
      expect(await stage.answer(saga, 'approve')).toMatchObject({ accepted: true });
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'may wait for two at once, each in its own time, and says which (S5)',
    play(async (stage) => {
      const boss = { name: 'boss', kind: 'approval' } as const;
      const saga = await stage.start([[boss, { ...boss, name: 'legal' }], ...compensatable('b')]);
      await eventually('both waits', 20_000, async () => (await stage.recordOf(saga)).waitingFor?.also?.length === 1);
      expect(await refusalOf(stage.answer(saga, 'approve', 'nobody'))).toBe('NotApplicable');
      await stage.answer(saga, 'approve', 'legal');
      expect((await stage.recordOf(saga)).waitingFor).toEqual({ approval: 'boss', until: expect.any(String) });
      await stage.answer(saga, 'approve');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'for two, is undone when one of them is rejected, and awaits the other no more (S5)',
    play(async (stage) => {
      const boss = { name: 'boss', kind: 'approval' } as const;
      const saga = await stage.start([...compensatable('a'), [boss, { ...boss, name: 'legal' }]]);
      await eventually('both waits', 20_000, async () => (await stage.recordOf(saga)).waitingFor?.also?.length === 1);
      await stage.answer(saga, 'reject', 'boss');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'ApprovalRejected' });
      expect(await stage.recordOf(saga)).toMatchObject({ waitingFor: null });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'is not awaited on the side while a step fails beside it (rule 3)',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      const saga = await stage.start([
        [
          { name: 'boss', kind: 'approval' },
          { name: 'b', kind: 'compensatable' },
        ],
      ]);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      const names = (await stage.journalOf(saga)).map(({ name }) => name);
      expect(names.indexOf('SagaWaitEnded')).toBeGreaterThan(names.indexOf('SagaStepFailed'));
      expect(names.at(-1)).toBe('ScriptedFailed');
    }),
  );
});
