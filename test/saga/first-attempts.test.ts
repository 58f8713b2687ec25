// This server loses Updates once its time has been skipped far: they have a server of their own.
import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from '../support/eventually.js';
import { compensatable, statusOf, theatre } from './stage.js';

const play = theatre();

interface Scheduled {
  readonly activity: string;
  /** One attempt, and no more by Temporal itself. */
  readonly once: boolean;
}

/** What the history says of the calls: those that were scheduled, and how many were local. */
async function callsIn(saga: WorkflowHandle): Promise<{ scheduled: Scheduled[]; local: number }> {
  const events = (await saga.fetchHistory()).events ?? [];
  const scheduled = events.flatMap(({ activityTaskScheduledEventAttributes: each }) =>
    each ? [{ activity: each.activityType?.name ?? '', once: each.retryPolicy?.maximumAttempts === 1 }] : [],
  );
  const isLocal = ({ markerName }: { markerName?: string | null }): boolean => markerName === 'core_local_activity';
  const local = events.filter(({ markerRecordedEventAttributes: each }) => each && isLocal(each)).length;
  return { scheduled, local };
}

const FIRST = { activity: 'act', once: true };
const THEN = { activity: 'act', once: false };
const EAGER = { eager: true };

describe('a first attempt', () => {
  it(
    'that is answered is the whole call',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      const saga = await start(compensatable('a'), EAGER);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      expect(participant.calls).toEqual(['act a']);
      expect(await callsIn(saga)).toEqual({ scheduled: [FIRST], local: 0 });
      expect((await recordOf(saga)).steps[0]?.attempts).toBe(1);
    }),
  );

  it(
    'that is refused is the whole call (rule 8)',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'refuse');
      const saga = await start(compensatable('a'), EAGER);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(participant.calls).toEqual(['act a', 'act notice']);
    }),
  );

  it.each(['unavailable', 'lost'] as const)(
    'that is %s is followed by the call itself, and both are counted (rule 10)',
    (behaviour) =>
      play(async ({ start, outcomeOf, recordOf, participant }) => {
        participant.behave('act', 'a', [behaviour, 'unavailable']);
        const saga = await start(compensatable('a'), EAGER);
        expect(await outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
        expect(await callsIn(saga)).toEqual({ scheduled: [FIRST, THEN], local: 0 });
        expect((await recordOf(saga)).steps[0]?.attempts).toBe(3);
        expect(participant.effects()).toHaveLength(1);
      })(),
  );

  it(
    'takes its time out of the budget of all (rule 11)',
    play(async ({ start, outcomeOf, journalOf, participant }) => {
      participant.behave('act', 'a', 'lost');
      const saga = await start(compensatable('a'), { ...EAGER, budget: 60_000 });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      const journal = await journalOf(saga);
      const at = (event: string): number => Date.parse(journal.find(({ name }) => name === event)?.at ?? '');
      const taken = at('SagaStepTimedOut') - at('SagaStepStarted');
      expect(Math.round(taken / 1000)).toBeLessThanOrEqual(60);
      expect(participant.effects()).toEqual([]);
    }),
  );

  it(
    'that uses the budget up is the only one',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'unavailable');
      const saga = await start(compensatable('a'), { ...EAGER, budget: 400 });
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
      expect((await callsIn(saga)).scheduled.slice(0, 1)).toEqual([FIRST]);
      expect(participant.calls.filter((call) => call === 'act a')).toHaveLength(1);
    }),
  );

  it(
    'leaves a saga in the pause behind it that can be cancelled (rule 25)',
    play(async ({ start, cancel, journalOf, outcomeOf, participant }) => {
      participant.behave('act', 'a', 'unavailable');
      const saga = await start(compensatable('a'), EAGER);
      await participant.arrived('act', 'a');
      await eventually('the pause', 10_000, async () => {
        const events = (await saga.fetchHistory()).events ?? [];
        return events.some(({ timerStartedEventAttributes: timer }) => timer != null);
      });
      await cancel(saga);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      expect((await journalOf(saga)).filter(({ name }) => name === 'SagaCompensationCompleted')).toHaveLength(1);
      expect(participant.effects()).toEqual([]);
    }),
  );
});

describe('a local compensation', () => {
  it(
    'undoes what follows from the history alone, in the same workflow task',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'c', 'refuse');
      const saga = await start(compensatable('a', 'b', 'c'), EAGER);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
      expect(participant.calls.slice(-3)).toEqual(['undo b', 'undo a', 'act notice']);
      const { scheduled, local } = await callsIn(saga);
      expect(local).toBe(2);
      expect(scheduled).toEqual([FIRST, FIRST, FIRST, FIRST]);
      expect(statusOf(await recordOf(saga), 'a')).toBe('compensated');
    }),
  );

  it(
    'waits for the first step back where a cancel has decided, which is lost with its workflow task if that is lost',
    play(async ({ start, cancel, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'held');
      const saga = await start(compensatable('a', 'b'), EAGER);
      await participant.arrived('act', 'b');
      await cancel(saga);
      participant.release();
      expect(await outcomeOf(saga)).toMatchObject({ state: 'CANCELLED' });
      const { scheduled, local } = await callsIn(saga);
      expect(scheduled.filter(({ activity }) => activity === 'undo')).toEqual([{ activity: 'undo', once: true }]);
      expect(local).toBe(1);
    }),
  );

  it(
    'that does not succeed is followed by one that Temporal repeats (rule 15)',
    play(async ({ start, outcomeOf, recordOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', ['lost', 'unavailable']);
      const saga = await start(compensatable('a', 'b'), EAGER);
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
      const { scheduled } = await callsIn(saga);
      expect(scheduled.filter(({ activity }) => activity === 'undo')).toEqual([{ activity: 'undo', once: false }]);
      expect((await recordOf(saga)).steps[0]).toMatchObject({ status: 'compensated', attempts: 4 });
    }),
  );

  it(
    'that is refused blocks at once (rule 16)',
    play(async ({ start, blocks, resolve, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', ['refuse']);
      const saga = await start(compensatable('a', 'b'), EAGER);
      expect(await blocks(saga)).toMatchObject({ blockedOn: 'a', state: 'COMPENSATING' });
      await resolve(saga, 'a', 'retry');
      expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [] });
      expect(participant.effects()).toEqual([]);
    }),
  );

  it.each(['retry', 'skip'] as const)(
    'does not follow upon an operator who says %s in the same workflow task',
    (action) =>
      play(async ({ start, blocks, resolve, outcomeOf, participant }) => {
        participant.behave('act', 'c', 'refuse');
        participant.behave('undo', 'b', ['refuse']);
        const saga = await start(compensatable('a', 'b', 'c'), EAGER);
        await blocks(saga);
        await resolve(saga, 'b', action);
        expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
        const { scheduled, local } = await callsIn(saga);
        // The refused one was local; what comes next is scheduled, and after a retry that succeeded the last is local again.
        expect(scheduled.filter(({ activity }) => activity === 'undo')).toEqual([{ activity: 'undo', once: true }]);
        expect(local).toBe(action === 'retry' ? 2 : 1);
      })(),
  );

  it(
    'that hangs is given two seconds, and the workflow task goes on',
    play(async ({ start, outcomeOf, participant }) => {
      participant.behave('act', 'b', 'refuse');
      participant.behave('undo', 'a', ['held']);
      const saga = await start(compensatable('a', 'b'), { ...EAGER, attempt: 5_000 });
      await participant.arrived('undo', 'a');
      const outcome = outcomeOf(saga);
      expect(await outcome).toMatchObject({ state: 'FAILED' });
      participant.release();
      expect(participant.calls.filter((call) => call === 'undo a')).toHaveLength(2);
    }),
  );
});
