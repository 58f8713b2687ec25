import { randomUUID } from 'node:crypto';
import { batchOf, BLOCKED, CLOSING, completes, entriesOf, GIVEN_UP, HAPPY, intervenes } from '../entries.js';
import { recordAfter, starts } from '../entries.js';
import { openTestJournal, type TestJournal } from '../open-journal.js';

let test: TestJournal;
beforeAll(async () => {
  test = await openTestJournal();
});
afterAll(() => test.close());

const happy = entriesOf(HAPPY);
const sagaOf = (): string => `order-${randomUUID()}`;
const numbers = (events: readonly { seq: number }[]): number[] => events.map(({ seq }) => seq);

describe('a batch', () => {
  it('is stored once, in order, and folded into the saga (rule 31)', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, happy.slice(0, 2)));
    await test.journal.append(batchOf(saga, happy.slice(2, 4)));
    for (let times = 0; times < 2; times++) await test.journal.append(batchOf(saga, happy.slice(0, 4)));
    await test.another().append(batchOf(saga, happy.slice(4)));
    const events = await test.events(saga);
    expect(numbers(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(events.map(({ position }) => position)).toEqual(
      events.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    expect(events[1]).toMatchObject({ type: 'SagaStepStarted', correlationId: 'c-1', causationId: events[0]?.id });
    const { version, branch, behindGap, asOf, ...record } = (await test.reader.getSaga(saga)) ?? {};
    expect(record).toEqual(recordAfter(saga, happy));
    expect({ version, branch, behindGap }).toEqual({ version: 8, branch: 0, behindGap: false });
    expect(Date.parse(asOf ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('that overlaps what is stored brings what is new in it', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, happy.slice(0, 4)));
    await test.journal.append(batchOf(saga, happy.slice(2, 6)));
    await test.another().append(batchOf(saga, happy.slice(3, 8)));
    expect(numbers(await test.events(saga))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('that comes before an earlier one waits behind the gap, and the row says so', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, happy.slice(4, 6)));
    expect(await test.events(saga)).toEqual([]);
    expect(await test.reader.getSaga(saga)).toMatchObject({ state: 'STARTED', version: 0, behindGap: true });
    await test.journal.append(batchOf(saga, happy.slice(0, 2)));
    expect(await test.reader.getSaga(saga)).toMatchObject({ state: 'PENDING', version: 2, behindGap: true });
    await test.journal.append(batchOf(saga, happy, { required: true }));
    const events = await test.events(saga);
    expect(numbers(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(await test.reader.getSaga(saga)).toMatchObject({ version: 8, behindGap: false });
  });

  it('with text that PostgreSQL cannot hold is stored with a mark in its place', async () => {
    const saga = sagaOf();
    const reason = 'nul \0 and half \ud83d of a pair, \\u0000 as it stands';
    const entries = entriesOf([...BLOCKED, intervenes('retry', reason)]);
    await test.journal.append(batchOf(saga, entries, { required: true }));
    const [last] = (await test.events(saga)).slice(-1);
    expect(last?.data).toMatchObject({ reason: 'nul \ufffd and half \ufffd of a pair, \\u0000 as it stands' });
    expect(await test.journal.append(batchOf(saga, entries, { required: true }))).toEqual({
      kind: 'stored',
      version: 9,
    });
  });

  it('that twenty bring at the same time is stored once', async () => {
    const saga = sagaOf();
    const others = Array.from({ length: 4 }, () => test.another());
    const parts = [0, 2, 4, 6].map((from) => happy.slice(from, from + 2));
    await Promise.all(others.flatMap((other) => parts.map((part) => other.append(batchOf(saga, part)))));
    await Promise.all(others.map((other) => other.append(batchOf(saga, happy, { required: true, closing: CLOSING }))));
    const events = await test.events(saga);
    expect(numbers(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await test.reader.getSaga(saga)).toMatchObject({ state: 'COMPLETED', version: 10, behindGap: false });
    const order = await test.sql<{ seq: number }>(
      'SELECT seq FROM saga_events WHERE saga_id = $1 ORDER BY txid, position',
      [saga],
    );
    expect(numbers(order)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('the closing of a saga', () => {
  it('is stored with the last action, and what a later attempt brings is not: the first one stays (rule 28)', async () => {
    const saga = sagaOf();
    const batch = batchOf(saga, happy, { required: true });
    const stored = { kind: 'stored', version: 10, closing: { attempts: 1, closedAt: CLOSING.at } };
    expect(await test.journal.append({ ...batch, closing: CLOSING })).toEqual(stored);
    const later = { ...CLOSING, attempts: 2, at: '2026-01-01T10:00:59.000Z' };
    expect(await test.journal.append({ ...batch, closing: later })).toEqual(stored);
    const events = await test.events(saga);
    expect(events.slice(-2).map(({ type, at }) => [type, at])).toEqual([
      ['SagaStepCompleted', CLOSING.at],
      ['OrderFulfillmentCompleted', CLOSING.at],
    ]);
  });

  it('that was stored although the server gave the attempt up is superseded by what the run then says', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
    const truth = [...happy, ...entriesOf(GIVEN_UP, 9)];
    await test.journal.append(batchOf(saga, truth, { required: true }));
    expect((await test.events(saga)).map(({ type }) => type).slice(-3)).toEqual([
      'SagaReset',
      'SagaStepTimedOut',
      'OrderFulfillmentCompleted',
    ]);
    expect(await test.reader.getSaga(saga)).toMatchObject({
      branch: 1,
      ...recordAfter(saga, truth),
    });
    expect(await test.all(saga)).toHaveLength(13);
    // The attempt that was given up comes back to life.
    const zombie = batchOf(saga, happy, { required: true, closing: { ...CLOSING, attempts: 1 } });
    expect(await test.journal.append(zombie)).toEqual({ kind: 'ignored', why: 'overtaken' });
    expect(await test.all(saga)).toHaveLength(13);
  });

  it('has nothing after it (rule 28)', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
    const more = entriesOf([starts('send_confirmation')], 11);
    await expect(test.journal.append(batchOf(saga, more, { required: true }))).rejects.toThrow();
    expect(await test.events(saga)).toHaveLength(10);
  });
});

describe('a run that was reset', () => {
  /** The payment again, some time later. */
  const again = [...happy.slice(0, 4), ...entriesOf(HAPPY.slice(4), 5, 500)];

  it('begins a branch at the first entry with other content, and both branches stay readable', async () => {
    const saga = sagaOf();
    test.standings.set('run-b', { standing: 'reset', entries: again });
    await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
    const closing = { ...CLOSING, at: '2026-01-01T11:00:00.000Z' };
    await test.journal.append(batchOf(saga, again, { runId: 'run-b', required: true, closing }));
    const events = await test.events(saga);
    expect(numbers(events)).toEqual([1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 10]);
    expect(events[4]).toMatchObject({
      type: 'SagaReset',
      branch: 1,
      data: { fromSeq: 5, runId: 'run-b', supersededRunId: 'run-a' },
    });
    expect(events[5]?.causationId).toBe(events[3]?.id);
    const all = await test.all(saga);
    expect(all.filter(({ supersededBy }) => supersededBy === 1).map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(await test.reader.getSaga(saga)).toMatchObject({ branch: 1, version: 10, updatedAt: closing.at });
    // What is still under way of the old run changes nothing any more.
    const late = batchOf(saga, happy, { required: true, closing: CLOSING });
    expect(await test.journal.append(late)).toEqual({ kind: 'ignored', why: 'superseded' });
    expect(await test.all(saga)).toHaveLength(all.length);
  });

  it('counts on in the same branch if no entry differs', async () => {
    const saga = sagaOf();
    test.standings.set('run-c', { standing: 'reset', entries: happy });
    await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
    const same = batchOf(saga, happy, { runId: 'run-c', required: true, closing: { ...CLOSING, attempts: 3 } });
    expect(await test.journal.append(same)).toMatchObject({ closing: { attempts: 1, closedAt: CLOSING.at } });
    expect(await test.reader.getSaga(saga)).toMatchObject({ branch: 0, version: 10 });
  });

  it('brings what it shares with a third run, although it does not send it again', async () => {
    const saga = sagaOf();
    test.standings.set('run-d', { standing: 'reset', entries: again });
    // Of a run that was reset from run-a to the second entry.
    test.standings.set('run-x', { standing: 'reset', entries: [] });
    await test.journal.append(batchOf(saga, happy, { required: true }));
    const other = [...happy.slice(0, 2), ...entriesOf(HAPPY.slice(2), 3, 900)];
    await test.journal.append(batchOf(saga, other, { runId: 'run-x', required: true }));
    // And this one from run-a again, to the fifth: its third and fourth entry are run-a's.
    await test.journal.append(batchOf(saga, again.slice(6, 8), { runId: 'run-d' }));
    const { version, branch, behindGap, asOf, ...record } = (await test.reader.getSaga(saga)) ?? {};
    expect(record).toEqual(recordAfter(saga, again));
    expect(asOf).toBeDefined();
    expect({ version, branch, behindGap }).toEqual({ version: 8, branch: 2, behindGap: false });
    expect(numbers(await test.events(saga))).toEqual([1, 2, 0, 3, 4, 5, 6, 7, 8]);
  });

  it('supersedes no event without a reader: events that waited after a gap are dropped', async () => {
    const saga = sagaOf();
    test.standings.set('run-e', { standing: 'reset', entries: again });
    await test.journal.append(batchOf(saga, happy.slice(0, 2)));
    await test.journal.append(batchOf(saga, happy.slice(4, 8)));
    await test.journal.append(batchOf(saga, again, { runId: 'run-e', required: true }));
    expect(numbers(await test.all(saga))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await test.reader.getSaga(saga)).toMatchObject({ branch: 0, version: 8, behindGap: false });
  });
});

describe('a run that was continued as new', () => {
  it('counts on in the same branch, with its first regular batch already', async () => {
    const saga = sagaOf();
    test.standings.set('run-2', { standing: 'current' });
    const blocked = entriesOf(BLOCKED);
    await test.journal.append(batchOf(saga, blocked, { required: true }));
    const next = entriesOf([intervenes('retry'), starts('reserve_inventory'), completes('reserve_inventory')], 9);
    await test.journal.append(batchOf(saga, next, { runId: 'run-2' }));
    expect(await test.reader.getSaga(saga)).toMatchObject({ branch: 0, version: 11, blockedOn: null });
    expect(await test.journal.append(batchOf(saga, blocked, { required: true }))).toMatchObject({ kind: 'ignored' });
  });
});

describe('dead letters', () => {
  it('are opened by a block, closed by the recorded decision, and opened again (rules 16 and 49)', async () => {
    const saga = sagaOf();
    const letters = () =>
      test.sql('SELECT kind, step, reason, attempts, resolution, resolved_by FROM dead_letters WHERE saga_id = $1', [
        saga,
      ]);
    await test.journal.append(batchOf(saga, entriesOf(BLOCKED), { required: true }));
    const open = { kind: 'blocked', step: 'reserve_inventory', reason: 'ReleaseRefused', attempts: 4 };
    expect(await letters()).toEqual([{ ...open, resolution: null, resolved_by: null }]);
    await test.journal.append(batchOf(saga, entriesOf([intervenes('retry')], 9)));
    expect(await letters()).toEqual([{ ...open, resolution: 'retried', resolved_by: 'olga' }]);
    const second = entriesOf([...BLOCKED, intervenes('retry'), ...BLOCKED.slice(5)]);
    await test.journal.append(batchOf(saga, second, { required: true }));
    expect(await letters()).toEqual([{ ...open, attempts: 7, resolution: null, resolved_by: null }]);
  });

  it('of a delivery that was given up stay open until an operator has noted it (rule 29)', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, [...happy, ...entriesOf(GIVEN_UP, 9)], { required: true }));
    const [letter] = await test.sql('SELECT * FROM dead_letters WHERE saga_id = $1', [saga]);
    expect(letter).toMatchObject({ kind: 'undelivered', step: 'send_confirmation', attempts: 2, resolution: null });
  });
});

describe('the tables', () => {
  it('answer SQL: sagas by state, and steps as rows', async () => {
    const saga = sagaOf();
    await test.journal.append(batchOf(saga, entriesOf(BLOCKED), { required: true }));
    const [row] = await test.sql(`SELECT * FROM sagas WHERE state = 'COMPENSATING' AND saga_id = $1`, [saga]);
    expect(row).toMatchObject({ blocked_on: 'reserve_inventory', reason: 'PaymentDeclined' });
    const steps = await test.sql(
      'SELECT step_name, status, attempts FROM saga_steps WHERE saga_id = $1 ORDER BY step_number',
      [saga],
    );
    expect(steps.slice(0, 2)).toEqual([
      { step_name: 'reserve_inventory', status: 'compensating', attempts: 4 },
      { step_name: 'process_payment', status: 'failed', attempts: 1 },
    ]);
  });
});
