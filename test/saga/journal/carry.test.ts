// What a saga's journal looks like to the activity that stores it, while the archive is there and while it is away.
import type { Entry } from '../../../src/saga/saga.js';
import { createDevServer } from '../../support/dev-server.js';
import { eventually } from '../../support/eventually.js';
import { createArchive } from '../archive.js';
import { BRIEF, compensatable, refusalOf, soon, theatre, type Running, type Stage } from '../stage.js';

const archive = createArchive();
// Budgets are short, and time passes as on the clock: what meets a continue-as-new is not for the other server.
const play = theatre(createDevServer, archive);

const JOURNAL = { ...BRIEF, journal: true };
const LAST = [{ name: 'mail', kind: 'last' }] as const;

const sent = (journal: readonly Entry[]) => journal.map(({ seq, at, event }) => ({ seq, at, event }));
const journalActions = ({ workflowId }: Running) =>
  archive.deliveriesOf(workflowId).filter(({ by }) => by === 'storeJournal');

/** The stored trail is the workflow's own journal, entry by entry (rule 31). */
async function expectWholeTrail(stage: Stage, saga: Running): Promise<void> {
  expect(archive.storedOf(saga.workflowId)).toEqual(sent(await stage.journalOf(saga)));
}

const typesOf = (saga: Running) => archive.storedOf(saga.workflowId).map(({ event }) => event.type);

beforeEach(() => {
  archive.away = false;
});

afterAll(() => expect(archive.conflicts).toEqual([]));

describe('the journal of a saga', () => {
  it(
    'travels with the actions that are scheduled anyway, and the last one carries the verdict (rules 28 and 31)',
    play(async (stage) => {
      const saga = await stage.start([...compensatable('a', 'b'), [...LAST]], JOURNAL);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      const deliveries = archive.deliveriesOf(saga.workflowId);
      expect(deliveries.map(({ by, entries }) => [by, entries.map(({ seq }) => seq)])).toEqual([
        ['act', [1, 2]],
        ['act', [3, 4]],
        ['act', [5, 6]],
      ]);
      expect(deliveries.at(-1)).toMatchObject({ required: true, closing: { step: 'mail', state: 'COMPLETED' } });
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'says of a saga that was undone what its notice carried (rule 28)',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      const saga = await stage.start(compensatable('a', 'b'), JOURNAL);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
      expect(journalActions(saga)).toEqual([]);
      expect(typesOf(saga).slice(-2)).toEqual(['SagaStepCompleted', 'SagaEnded']);
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'that is still being stored when the last action has stored all of it keeps the run open until that has ended',
    play(async (stage) => {
      archive.away = true;
      const approval = { name: 'approval', kind: 'approval' } as const;
      const saga = await stage.start([[approval], [...LAST]], { ...JOURNAL, approvalTimeout: 60_000 });
      // Its next attempt is seconds away.
      await eventually('three attempts', 20_000, () => Promise.resolve(journalActions(saga).length >= 3));
      archive.away = false;
      await stage.answer(saga, 'approve');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      const events = (await saga.fetchHistory()).events ?? [];
      const storing = events.find((event) => {
        return event.activityTaskScheduledEventAttributes?.activityType?.name === 'storeJournal';
      });
      const ended = events.map(({ activityTaskCompletedEventAttributes: each }) => String(each?.scheduledEventId));
      expect(ended).toContain(String(storing?.eventId));
    }),
  );

  it(
    'is carried by nobody where nothing stores it',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      const saga = await stage.start([...compensatable('a', 'b'), [...LAST]], BRIEF);
      await stage.outcomeOf(saga);
      expect(archive.deliveriesOf(saga.workflowId)).toEqual([]);
    }),
  );

  it(
    'is stored by one action more where no last action could carry the end, before the saga closes (rule 31)',
    play(async (stage) => {
      const saga = await stage.start(compensatable('a'), JOURNAL);
      await stage.outcomeOf(saga);
      expect(journalActions(saga)).toHaveLength(1);
      expect(typesOf(saga).at(-1)).toBe('SagaEnded');
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'tells of a last action that was given up as it was, not as it might have been (rule 28)',
    play(async (stage) => {
      stage.participant.behave('act', 'mail', 'refuse');
      const saga = await stage.start([...compensatable('a'), [...LAST]], JOURNAL);
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', deadLetters: ['mail'] });
      expect(journalActions(saga)).toHaveLength(1);
      expect(typesOf(saga).slice(-2)).toEqual(['SagaStepFailed', 'SagaEnded']);
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'keeps the run open while the archive is away, and delays nothing: the last action is not repeated (rule 31, S13)',
    play(async (stage) => {
      archive.away = true;
      const saga = await stage.start([...compensatable('a', 'b'), [...LAST]], JOURNAL);
      await eventually('the verdict', 20_000, async () => (await stage.recordOf(saga)).state === 'COMPLETED');
      expect(archive.storedOf(saga.workflowId)).toEqual([]);
      expect((await saga.describe()).status.name).toBe('RUNNING');
      archive.away = false;
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED', deadLetters: [] });
      expect(stage.participant.calls.filter((call) => call === 'act mail')).toHaveLength(1);
      await expectWholeTrail(stage, saga);
    }),
  );
});

describe('a saga that waits', () => {
  it(
    'for an operator has stored everything before anybody decides (rules 16 and 31)',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      stage.participant.behave('undo', 'a', ['refuse']);
      const saga = await stage.start(compensatable('a', 'b'), JOURNAL);
      await eventually('the block to be stored', 20_000, () => typesOf(saga).at(-1) === 'SagaBlocked');
      await expectWholeTrail(stage, saga);
      await stage.resolve(saga, 'a', 'retry');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'for an operator is not kept waiting by an archive that is away',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      stage.participant.behave('undo', 'a', ['refuse']);
      archive.away = true;
      const saga = await stage.start(compensatable('a', 'b'), JOURNAL);
      await stage.blocks(saga, 'a');
      expect(await refusalOf(stage.resolve(saga, 'a', 'retry'))).toBe('accepted');
      await stage.participant.arrived('act', 'notice');
      archive.away = false;
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED' });
      await expectWholeTrail(stage, saga);
    }),
  );

  it.each(['Update', "Temporal's own"])(
    'for an approval is cancelled at once while the archive is away: by %s cancel (rule 24, S1)',
    (by) =>
      play(async (stage) => {
        archive.away = true;
        const groups = [...compensatable('a'), [{ name: 'boss', kind: 'approval' } as const]];
        const saga = await stage.start(groups, { ...JOURNAL, approvalTimeout: 600_000 });
        await eventually('a try to store the wait', 20_000, () => journalActions(saga).length > 0);
        const cancelled = by === 'Update' ? stage.cancel(saga) : saga.cancel();
        expect(await soon(cancelled)).not.toBe('no answer');
        expect(await soon(stage.participant.arrived('act', 'notice'))).not.toBe('no answer');
        expect(stage.participant.effects()).toEqual([]);
        archive.away = false;
        await stage.outcomeOf(saga).catch(() => undefined);
        expect(await stage.recordOf(saga)).toMatchObject({ state: 'CANCELLED' });
        await expectWholeTrail(stage, saga);
      })(),
  );

  it(
    'for an approval has stored that it does',
    play(async (stage) => {
      const groups = [...compensatable('a'), [{ name: 'boss', kind: 'approval' } as const], [...LAST]];
      const saga = await stage.start(groups, { ...JOURNAL, approvalTimeout: 60_000 });
      await eventually('the wait to be stored', 20_000, () => typesOf(saga).at(-1) === 'SagaWaitStarted');
      await stage.answer(saga, 'approve');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'for an operator acts on each decision that it accepts while it stores what it has, to be continued as new (rule 24)',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      stage.participant.behave('undo', 'a', 'refuse');
      archive.away = true;
      const saga = await stage.start(compensatable('a', 'b'), { ...JOURNAL, historyLimit: 10 });
      await stage.blocks(saga, 'a');
      await stage.resolve(saga, 'a', 'retry');
      const answer = await stage.propose(saga, 'a', 'skip');
      archive.away = false;
      expect(await soon(refusalOf(answer()))).toBe('accepted');
      expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'FAILED', waivers: [{ step: 'a' }] });
      await expectWholeTrail(stage, saga);
    }),
  );

  it(
    'is continued as new only when everything is stored, and counts on there',
    play(async (stage) => {
      stage.participant.behave('act', 'b', 'refuse');
      stage.participant.behave('undo', 'a', ['refuse']);
      archive.away = true;
      const saga = await stage.start(compensatable('a', 'b'), { ...JOURNAL, historyLimit: 10 });
      const isFirstRun = async (): Promise<boolean> => {
        const { raw, runId } = await stage.latest(saga).describe();
        return runId === raw.workflowExecutionInfo?.firstRunId || !!raw.pendingWorkflowTask;
      };
      const triedTwice = (): boolean => journalActions(saga).length > 1;
      await eventually('a second try to store', 20_000, async () => triedTwice() || !(await isFirstRun()));
      expect(await isFirstRun()).toBe(true);
      archive.away = false;
      await eventually('the second run', 30_000, async () => !(await isFirstRun()));
      const before = archive.storedOf(saga.workflowId).length;
      await stage.resolve(saga, 'a', 'retry');
      await stage.outcomeOf(saga);
      const later = sent(await stage.journalOf(saga));
      expect(later[0]?.seq).toBe(before + 1);
      expect(archive.storedOf(saga.workflowId).slice(before)).toEqual(later);
    }),
  );
});
