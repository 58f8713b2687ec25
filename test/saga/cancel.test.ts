// This server loses Updates once its time has been skipped far: they have a server of their own.
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { eventually } from '../support/eventually.js';
import { compensatable, refusalOf, theatre } from './stage.js';

const play = theatre();
const undone = (calls: readonly string[]): string[] => calls.filter((call) => call.startsWith('undo'));

describe('a cancel', () => {
  it(
    'undoes everything, the step in flight included (rules 24 and 25)',
    play(async ({ start, cancel, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'held');
      const saga = await start(compensatable('a', 'b', 'c'));
      await participant.arrived('act', 'b');
      expect(await cancel(saga)).toMatchObject({ accepted: true, state: 'COMPENSATING' });
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED', reason: 'CancelRequested' });
      expect(participant.calls).not.toContain('act c');
      expect(undone(participant.calls)).toEqual(['undo b', 'undo a']);
      expect(participant.effects()).toEqual([]);
      expect((await recordOf(saga)).state).toBe('CANCELLED');
    }),
  );

  it(
    'cuts a call that is being retried, and does not wait for its budget (rule 25)',
    play(async ({ start, cancel, outcomeOf, journalOf, participant }) => {
      participant.behave('act', 'b', 'unavailable');
      const saga = await start(compensatable('a', 'b'));
      await participant.arrived('act', 'b');
      await cancel(saga);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      const events = (await journalOf(saga)).map(({ event }) => event);
      const cut = { type: 'SagaStepUnknown', step: 'b', code: 'Cancelled' };
      expect(events).toContainEqual(expect.objectContaining(cut));
      expect(undone(participant.calls)).toEqual(['undo b', 'undo a']);
    }),
  );

  it(
    'that waited for the first worker is acted on, and no participant is called (rule 24)',
    play(async ({ startCancelled, outcomeOf, participant }) => {
      const { saga, decision } = await startCancelled(compensatable('a'));
      expect(decision).toMatchObject({ accepted: true, state: 'COMPENSATING' });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      expect(participant.calls).toEqual(['act notice']);
    }),
  );

  it(
    'cannot be played by a participant that refuses with its code (S11)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'impostor', 'refuse');
      const saga = await start(compensatable('a', 'impostor'));
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'ForeignCancelRequested' });
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'is answered before the first step back is scheduled (rule 24)',
    play(async ({ start, startCancelled, cancel, recordOf, outcomeOf }) => {
      const waiting = await start([...compensatable('a'), [{ name: 'boss', kind: 'approval' }]]);
      await eventually('it to wait', 30_000, async () => (await recordOf(waiting)).waitingFor !== null);
      await cancel(waiting);
      const unstarted = await startCancelled(compensatable('a'));
      for (const saga of [waiting, unstarted.saga]) {
        await outcomeOf(saga);
        const { events } = await saga.fetchHistory();
        const order = (events ?? []).flatMap((event) => {
          if (event.workflowExecutionUpdateCompletedEventAttributes) return ['answered'];
          return event.activityTaskScheduledEventAttributes?.activityType?.name ?? [];
        });
        const back = order.findIndex(
          (what, index) => what === 'undo' || (what === 'act' && index === order.length - 1),
        );
        expect(order.indexOf('answered')).toBeGreaterThanOrEqual(0);
        expect(order.indexOf('answered')).toBeLessThan(back);
      }
    }),
  );

  it(
    'is refused while the saga unwinds, changes nothing, and repeats are answered as before (rules 24 and 26)',
    play(async ({ start, cancel, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'held');
      participant.behave('undo', 'a', 'held');
      const saga = await start(compensatable('a', 'b'));
      await participant.arrived('act', 'b');
      const first = await cancel(saga, { updateId: 'the-first' });
      participant.release();
      await participant.arrived('undo', 'a');
      expect(await refusalOf(cancel(saga))).toBe('AlreadyUnwinding');
      expect(await cancel(saga, { updateId: 'the-first' })).toEqual(first);
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
    }),
  );

  it(
    'is refused once only retriable steps remain (rule 24)',
    play(async ({ start, cancel, outcomeOf, participant }) => {
      participant.behave('act', 'mail', 'held');
      const saga = await start([...compensatable('a'), [{ name: 'mail', kind: 'deadLetter' }]]);
      await participant.arrived('act', 'mail');
      expect(await refusalOf(cancel(saga))).toBe('AlreadyFulfilled');
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    'is never acted on after its caller gave up (rule 24)',
    play(async ({ start, cancel, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'held');
      const saga = await start(compensatable('a'));
      await participant.arrived('act', 'a');
      expect(await refusalOf(cancel(saga, { validUntil: '2020-01-01T00:00:00Z' }))).toBe('NotDecided');
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
    }),
  );

  it(
    "of Temporal's own unwinds as well, and Temporal shows Canceled (rule 27)",
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'held');
      const saga = await start(compensatable('a', 'b'));
      await participant.arrived('act', 'b');
      await saga.cancel();
      await eventually('it to unwind', 30_000, async () => (await recordOf(saga)).state === 'COMPENSATING');
      participant.release();
      const error: unknown = await outcomeOf(saga).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
      expect((await saga.describe()).status.name).toBe('CANCELLED');
      expect(await recordOf(saga)).toMatchObject({ state: 'CANCELLED', blockedOn: null });
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    "of Temporal's own that comes too late is noted, and the saga completes",
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'mail', 'held');
      const saga = await start([...compensatable('a'), [{ name: 'mail', kind: 'deadLetter' }]]);
      await participant.arrived('act', 'mail');
      await saga.cancel();
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', cancelledTooLate: true });
      expect((await saga.describe()).status.name).toBe('COMPLETED');
    }),
  );
});
