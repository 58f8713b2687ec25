/** However batches arrive: late, twice, in another order, lost, of a run that was reset. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { problemsOf } from '../../src/journal/audit/differences.js';
import type { Journal } from '../../src/journal/write/journal.js';
import { openMaintenance, type Maintenance } from '../../src/journal/audit/stored.js';
import type { Batch, SentEntry } from '../../src/journal/write/batch.js';
import { eventOfData } from '../../src/journal/tables/event-row.js';
import { batchOf, CLOSING, entriesOf, GIVEN_UP, HAPPY, recordAfter } from './entries.js';
import { openTestJournal, type TestJournal } from './open-journal.js';

const SEED = Number(process.env['UNWIND_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let test: TestJournal;
let maintenance: Maintenance;
/** Each remembers something else. */
let workers: readonly Journal[];
beforeAll(async () => {
  test = await openTestJournal();
  workers = [test.journal, test.another()];
  maintenance = await openMaintenance({ databaseUrl: test.url, schema: test.schema });
});
afterAll(async () => {
  await maintenance.close();
  await test.close();
});

const first = entriesOf(HAPPY);
const second = (from: number): SentEntry[] => [
  ...first.slice(0, from - 1),
  ...entriesOf(HAPPY.slice(from - 1), from, 500),
];

/** What a run's activities carry: two entries each, and the last one everything, with or without the end. */
const parts = (entries: readonly SentEntry[], runId: string): Partial<Batch>[] => [
  ...[0, 2, 4].map((from) => ({ runId, entries: entries.slice(from, from + 2) })),
  { runId, entries, required: true, closing: CLOSING },
  { runId, entries, required: true, closing: { ...CLOSING, attempts: 2, at: '2026-01-01T10:01:00.000Z' } },
];

const arrivals = fc.record({
  /** Where the second run parts from the first one; none where there is no second one. */
  resetAt: fc.option(fc.integer({ min: 2, max: 8 })),
  order: fc.array(fc.nat({ max: 4 }), { maxLength: 8 }),
  later: fc.array(fc.nat({ max: 9 }), { maxLength: 8 }),
  /** The end that was stored last never came true. */
  givenUp: fc.boolean(),
});

it('what is read at any time is sound, and in the end it is the current run’s journal (rules 28 and 31)', async () => {
  const property = fc.asyncProperty(arrivals, async ({ resetAt, order, later, givenUp }) => {
    const saga = `order-${randomUUID()}`;
    const [a, b] = [`a-${saga}`, `b-${saga}`];
    const bring = async (batch: Partial<Batch>, worker: number): Promise<void> => {
      await workers[worker % 2]?.append(batchOf(saga, [], batch));
      const problems = problemsOf(saga, await maintenance.read(saga));
      expect(problems.filter((problem) => !/(is|are) missing$/.test(problem))).toEqual([]);
    };
    for (const [index, part] of order.entries()) await bring(parts(first, a)[part] ?? {}, index);
    const current = resetAt === null ? first : second(resetAt);
    const runId = resetAt === null ? a : b;
    if (resetAt !== null) test.standings.set(b, { standing: 'reset', entries: current });
    const both = [...parts(current, runId), ...parts(first, a)];
    // Until something of it is there, what comes late of the first run cannot be known as such.
    await bring({ runId, entries: current, required: true }, 0);
    for (const [index, part] of later.entries()) await bring(both[part] ?? {}, index);
    const end = givenUp ? [...current, ...entriesOf(GIVEN_UP, 9)] : undefined;
    await bring(
      end ? { runId, entries: end, required: true } : { runId, entries: current, required: true, closing: CLOSING },
      1,
    );
    for (const [index, part] of later.entries()) await bring(both[part] ?? {}, index);
    const stored = (await test.events(saga)).filter(({ seq }) => seq > 0);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const entries = stored.map(({ seq, at, data }) => ({ seq, at, event: eventOfData(data) })) as SentEntry[];
    expect(entries.slice(0, 8)).toEqual(current);
    if (end) expect(entries).toEqual(end);
    const { version, branch, behindGap, asOf, ...record } = (await test.reader.getSaga(saga)) ?? {};
    expect(record).toEqual(recordAfter(saga, entries));
    expect([version, behindGap, typeof branch, typeof asOf]).toEqual([10, false, 'number', 'string']);
  });
  await fc.assert(property, { seed: SEED, numRuns: 150 });
}, 120_000);
