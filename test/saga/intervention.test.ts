import { loggedErrors } from '../support/temporal.js';
import { eventually } from '../support/eventually.js';
import type { PlannedStep } from './scripted.js';
import { BRIEF, compensatable, refusalOf, statusOf, type Running, type Stage, theatre } from './stage.js';

const play = theatre();

/** A saga that unwinds because `c` is refused, and whose `b` cannot be undone. */
async function blockedSaga({ start, blocks, participant }: Stage, undoB: 'refuse' | 'unavailable'): Promise<Running> {
  participant.behave('act', 'c', 'refuse');
  participant.behave('undo', 'b', undoB);
  const saga = await start(compensatable('a', 'b', 'c'), BRIEF);
  await blocks(saga, 'b');
  return saga;
}

describe('a compensation that fails', () => {
  it(
    'blocks at once when it is refused, is COMPENSATING meanwhile, and the others wait (rules 16 and 17)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'refuse');
      expect(await stage.recordOf(saga)).toMatchObject({ state: 'COMPENSATING', blockedOn: 'b' });
      expect(loggedErrors).toContainEqual({
        message: 'A saga is blocked and waits for an operator',
        meta: expect.objectContaining({ sagaId: saga.workflowId, step: 'b', code: 'UndoRefused' }),
      });
      expect(stage.participant.calls.filter((call) => call.startsWith('undo'))).toEqual(['undo b']);
      stage.participant.behave('undo', 'b', 'ok');
      await stage.resolve(saga, 'b', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused', waivers: [] });
      expect(stage.participant.effects()).toEqual([]);
    }),
  );

  it(
    'blocks when its budget is spent, and a retry gives it a new one (rules 15, 16 and 18)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'unavailable');
      const events = (await stage.journalOf(saga)).map(({ name }) => name);
      expect(events.slice(-2)).toEqual(['SagaCompensationFailed', 'SagaBlocked']);
      stage.participant.behave('undo', 'b', ['unavailable']);
      await stage.resolve(saga, 'b', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
    }),
  );

  it(
    'can be waived by a named operator with a reason, and the verdict lists it (rules 4 and 18)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'refuse');
      await stage.resolve(saga, 'b', 'skip', { reason: 'the parcel has left' });
      const waivers = [{ step: 'b', actor: 'olga', reason: 'the parcel has left' }];
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers });
      expect(statusOf(await stage.recordOf(saga), 'b')).toBe('skipped');
      expect(stage.participant.effects()).toEqual([expect.stringMatching(/\/b$/)]);
    }),
  );

  it(
    'can be retried now, blocked or waived while it is still being retried (rule 18)',
    play(async (stage) => {
      const { participant, start, resolve, recordOf, outcomeOf } = stage;
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', 'unavailable');
      const saga = await start(compensatable('a', 'b'));
      await participant.arrived('undo', 'a');
      await resolve(saga, 'a', 'block');
      expect(await recordOf(saga)).toMatchObject({ state: 'COMPENSATING', blockedOn: 'a' });
      expect(await refusalOf(resolve(saga, 'a', 'block'))).toBe('NotApplicable');
      await resolve(saga, 'a', 'retry');
      expect(await recordOf(saga)).toMatchObject({ blockedOn: null });
      await resolve(saga, 'a', 'skip');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [{ step: 'a' }] });
    }),
  );

  it(
    'refuses what does not apply, with the present state (rule 18)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'refuse');
      expect(await refusalOf(stage.resolve(saga, 'a', 'retry'))).toBe('NotApplicable');
      expect(await refusalOf(stage.resolve(saga, 'b', 'applied'))).toBe('NotApplicable');
      expect(await refusalOf(stage.resolve(saga, 'b', 'skip', { reason: ' ' }))).toBe('InvalidRequest');
      expect(await refusalOf(stage.resolve(saga, 'b', 'skip', { requestId: '' }))).toBe('InvalidRequest');
      await stage.resolve(saga, 'b', 'skip');
      // A saga left open would hold up the time of every test after it.
      await stage.outcomeOf(saga);
    }),
  );

  it(
    "can be resolved although Temporal's own cancel started the unwinding (rules 18 and 27)",
    play(async ({ start, blocks, resolve, outcomeOf, recordOf, journalOf, participant }) => {
      participant.behave('act', 'b', 'held');
      participant.behave('undo', 'a', 'refuse');
      const saga = await start(compensatable('a', 'b'));
      await participant.arrived('act', 'b');
      await saga.cancel();
      // This server loses a workflow task that cuts a call which is answered meanwhile.
      await eventually('the unwinding', 10_000, async () => (await recordOf(saga)).state === 'COMPENSATING');
      participant.release();
      await blocks(saga, 'a');
      const decided = resolve(saga, 'a', 'skip', { requestId: 'constructor' });
      await expect(decided).resolves.toMatchObject({ accepted: true, state: 'COMPENSATING' });
      await expect(outcomeOf(saga)).rejects.toThrow();
      expect(await recordOf(saga)).toMatchObject({ state: 'CANCELLED', waivers: [{ step: 'a' }] });
      expect((await journalOf(saga)).filter(({ name }) => name === 'SagaIntervened')).toHaveLength(1);
    }),
  );

  it(
    'returns the recorded decision for a repeated request id, and refuses other content under it (rule 18)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'refuse');
      const ask = () => stage.resolve(saga, 'b', 'retry', { requestId: 'r1' });
      const [first, twin] = await Promise.allSettled([ask(), ask()]);
      expect([first.status, twin]).toEqual(['fulfilled', first]);
      await stage.blocks(saga, 'b');
      expect(await Promise.allSettled([ask()])).toEqual([first]);
      expect(await refusalOf(stage.resolve(saga, 'b', 'skip', { requestId: 'r1' }))).toBe('RequestIdReused');
      expect(stage.participant.calls.filter((call) => call === 'undo b')).toHaveLength(2);
      await stage.resolve(saga, 'b', 'skip');
      expect(await stage.outcomeOf(saga)).toMatchObject({ waivers: [{ step: 'b' }] });
    }),
  );

  it(
    'gives one decision to no other actor and for no other reason, whatever the request id (rule 18)',
    play(async (stage) => {
      const saga = await blockedSaga(stage, 'refuse');
      await stage.resolve(saga, 'b', 'retry', { requestId: 'r1' });
      await stage.blocks(saga, 'b');
      const others = [{ actor: 'otto' }, { reason: 'looked into it twice' }];
      for (const other of others) {
        expect(await refusalOf(stage.resolve(saga, 'b', 'retry', { requestId: 'r1', ...other }))).toBe(
          'RequestIdReused',
        );
      }
      await stage.resolve(saga, 'b', 'skip');
      expect(await stage.outcomeOf(saga)).toMatchObject({ waivers: [{ step: 'b', actor: 'olga' }] });
    }),
  );
});

describe('a pivot', () => {
  const withPivot: PlannedStep[][] = [
    ...compensatable('a'),
    [{ name: 'p', kind: 'pivot' }],
    [{ name: 'm', kind: 'block' }],
  ];

  it(
    'refuses cancel from its scheduling on, and is retried by its id (rule 14)',
    play(async ({ start, cancel, outcomeOf, participant }) => {
      participant.behave('act', 'p', 'held');
      const saga = await start(withPivot);
      await participant.arrived('act', 'p');
      expect(await refusalOf(cancel(saga))).toBe('AlreadyFulfilled');
      participant.behave('act', 'p', ['lost']);
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'is not answered for while an attempt may be under way (rule 18, S7)',
    play(async ({ start, propose, outcomeOf, participant }) => {
      participant.behave('act', 'p', 'held');
      const saga = await start(withPivot, { attempt: 60_000 });
      await participant.arrived('act', 'p');
      const answers = [await propose(saga, 'p', 'notApplied'), await propose(saga, 'p', 'applied')];
      // One that was accepted would be answered when the call has ended.
      participant.release();
      for (const answer of answers) expect(await refusalOf(answer())).toBe('NotApplicable');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      expect(participant.effects()).toHaveLength(3);
    }),
  );

  it(
    'unwinds when it is refused (rule 14)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'p', 'refuse');
      expect(await outcomeOf(await start(withPivot))).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'blocks when its budget is spent and is never unwound by itself; an operator answers the unknown (rules 14 and 18)',
    play(async ({ start, blocks, resolve, outcomeOf, participant }) => {
      participant.behave('act', 'p', 'lost');
      const saga = await start(withPivot, BRIEF);
      expect(await blocks(saga, 'p')).toMatchObject({ state: 'PENDING', blockedOn: 'p' });
      await resolve(saga, 'p', 'applied');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'unwinds when an operator finds that it was not applied (rule 18)',
    play(async ({ start, blocks, resolve, outcomeOf, participant }) => {
      participant.behave('act', 'p', 'unavailable');
      const saga = await start(withPivot, BRIEF);
      await blocks(saga, 'p');
      await resolve(saga, 'p', 'notApplied');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'NotApplied' });
      expect(participant.effects()).toEqual([]);
    }),
  );
});

describe('retriable steps that must happen', () => {
  it(
    'and run in parallel block one after the other (rule 17)',
    play(async ({ start, blocks, resolve, outcomeOf, journalOf, participant }) => {
      const names = ['k', 'm', 'n'];
      for (const name of names) participant.behave('act', name, 'refuse');
      const saga = await start([names.map((name) => ({ name, kind: 'block' }))]);
      const waivers: { step: string }[] = [];
      while (waivers.length < names.length) {
        const step = (await blocks(saga)).blockedOn ?? '';
        for (const name of names) await participant.arrived('act', name);
        const others = names.filter((name) => name !== step && !waivers.some((waiver) => waiver.step === name));
        for (const other of others) expect(await refusalOf(resolve(saga, other, 'block'))).toBe('NotApplicable');
        const blockedSoFar = (await journalOf(saga)).filter(({ name }) => name === 'SagaBlocked');
        expect(blockedSoFar).toHaveLength(waivers.length + 1);
        await resolve(saga, step, 'skip');
        waivers.push({ step });
      }
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', waivers });
    }),
  );
});

describe('a retriable step', () => {
  it(
    'that was given up is a dead letter in the outcome and unwinds nothing (rules 8 and 29)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'mail', 'unavailable');
      const saga = await start([...compensatable('a'), [{ name: 'mail', kind: 'deadLetter' }]]);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', deadLetters: ['mail'] });
      expect(participant.effects()).toHaveLength(1);
    }),
  );

  it(
    'that must happen blocks when it is refused, and nothing is unwound (rule 8)',
    play(async ({ start, blocks, resolve, outcomeOf, participant }) => {
      participant.behave('act', 'must', 'refuse');
      const saga = await start([...compensatable('a'), [{ name: 'must', kind: 'block' }]]);
      await blocks(saga, 'must');
      await resolve(saga, 'must', 'skip');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', waivers: [{ step: 'must' }] });
    }),
  );
});
