/** Streams of a process look at the journal together (A3). */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { createFollowHub, FOLLOWED_AT_A_TIME, type Place } from '../../../src/journal/read/follow-hub.js';
import { eventsBehind } from '../../../src/journal/read/events.js';
import type { StoredEvent } from '../../../src/journal/read/reader.js';
import { JournalUnavailableError } from '../../../src/journal/tables/unavailable.js';
import { databaseUrl } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { batchOf, entriesOf, HAPPY } from '../entries.js';
import { openTestJournal, type TestJournal } from '../open-journal.js';

let test: TestJournal;
let pool: Pool;
beforeAll(async () => {
  test = await openTestJournal();
  await test.journal.prepare();
  pool = new Pool({ connectionString: databaseUrl() });
});
afterAll(async () => {
  await pool.end();
  await test.close();
});

const happy = entriesOf(HAPPY);

/** Of sagas that begin with `first`, so many; each with this many of its entries stored. */
async function sagas(first: string, count: number, stored: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `order-${first}-${index}`);
  await store(ids, 0, stored);
  return ids;
}

/** Several at once, as workers do. */
async function store(ids: readonly string[], from: number, to: number): Promise<void> {
  const left = [...ids];
  const lane = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop())
      await test.journal.append(batchOf(id, happy.slice(from, to)));
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

function watchedHub() {
  const looks: (readonly Place[])[] = [];
  let broken: Error | undefined;
  const hub = createFollowHub(async (places) => {
    looks.push(places);
    if (broken) throw broken;
    return eventsBehind(pool, test.schema, places);
  });
  return { hub, looks, breakWith: (error: Error | undefined) => (broken = error) };
}

type Watched = ReturnType<typeof watchedHub>;

function follow({ hub }: Watched, sagaId: string, after = 0) {
  const stop = new AbortController();
  const seen: StoredEvent[] = [];
  const ended = (async () => {
    for await (const event of hub.follow(sagaId, after, stop.signal)) seen.push(event);
  })();
  return { seen, stop: () => stop.abort(), ended };
}

const seqs = (events: readonly StoredEvent[]): number[] => events.map(({ seq }) => seq);

it('a thousand followers ask four times a second, with one statement, and each hears everything once and in order (A3)', async () => {
  const ids = await sagas('thousand', 1_000, 2);
  const watched = watchedHub();
  const begun = performance.now();
  const followers = ids.map((id) => follow(watched, id));
  await eventually('what is there', 30_000, () => followers.every(({ seen }) => seen.length >= 2));
  // They came in the same moment, and were looked for together.
  expect(watched.looks[0]).toHaveLength(1_000);
  await store(ids, 2, 8);
  await eventually('what comes', 60_000, () => followers.every(({ seen }) => seen.length >= 8));
  const turns = Math.ceil((performance.now() - begun) / 250) + 1;
  expect(watched.looks.length).toBeLessThanOrEqual(turns);
  for (const { seen } of followers) expect(seqs(seen)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const { stop } of followers) stop();
  await Promise.all(followers.map(({ ended }) => ended));
});

it('followers of one saga share what is found, wherever each of them stands (A3)', async () => {
  const [id = ''] = await sagas('shared', 1, 8);
  const positions = (await test.events(id)).map(({ position }) => position);
  const watched = watchedHub();
  const followers = [0, 0, positions[2], positions[6], positions[7], 0].map((after) => follow(watched, id, after));
  await eventually('what is there', 10_000, () =>
    followers.every(({ seen }, index) => seen.length === [8, 8, 5, 1, 0, 8][index]),
  );
  expect(watched.looks[0]).toHaveLength(4);
  expect(followers.map(({ seen }) => seqs(seen)[0])).toEqual([1, 1, 4, 8, undefined, 1]);
  for (const { stop } of followers) stop();
  await Promise.all(followers.map(({ ended }) => ended));
});

it('the journal is not asked any more when the last follower has left (A3)', async () => {
  const [id = ''] = await sagas('left', 1, 8);
  const watched = watchedHub();
  const follower = follow(watched, id);
  await eventually('what is there', 10_000, () => follower.seen.length === 8);
  follower.stop();
  await follower.ended;
  // Whoever comes next is looked for, and none of those who have left.
  const next = follow(watched, `order-${randomUUID()}`);
  const before = watched.looks.length;
  await eventually('two more looks', 10_000, () => watched.looks.length >= before + 2);
  expect(watched.looks.slice(-1).flat()).toEqual([expect.not.objectContaining({ sagaId: id })]);
  next.stop();
  await next.ended;
  const after = watched.looks.length;
  const last = follow(watched, id);
  await eventually('what is there', 10_000, () => last.seen.length === 8);
  // Nothing was asked in between.
  expect(
    watched.looks
      .slice(after)
      .flat()
      .map(({ sagaId }) => sagaId),
  ).toEqual(watched.looks.slice(after).map(() => id));
  last.stop();
  await last.ended;
});

it('a follower that takes nothing holds one batch, and gets all of it later, in order (A3)', async () => {
  const [id = ''] = await sagas('slow', 1, 1);
  await test.sql(
    `INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
     SELECT $1, 0, n, gen_random_uuid(), nextval('positions'), pg_current_xact_id(), 'SagaStepStarted', '{}', now(), 'run'
     FROM generate_series(2, 1000) n`,
    [id],
  );
  const watched = watchedHub();
  const stop = new AbortController();
  const slow = watched.hub.follow(id, 0, stop.signal);
  const first = await slow.next();
  expect(first.value).toMatchObject({ seq: 1 });
  const other = follow(watched, `order-${randomUUID()}`);
  const before = watched.looks.length;
  await eventually('three more looks', 10_000, () => watched.looks.length >= before + 3);
  expect(
    watched.looks
      .slice(before)
      .flat()
      .filter(({ sagaId }) => sagaId === id),
  ).toEqual([]);
  const seen = [first.value as StoredEvent];
  while (seen.length < 1_000) seen.push((await slow.next()).value as StoredEvent);
  expect(seqs(seen)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  expect(watched.looks.flat().filter(({ sagaId }) => sagaId === id).length).toBe(1_000 / FOLLOWED_AT_A_TIME);
  other.stop();
  stop.abort();
  await Promise.all([other.ended, slow.return(undefined)]);
});

it('an outage delays events and loses none; what is no outage ends those whom it concerns (A3)', async () => {
  const [id = ''] = await sagas('outage', 1, 2);
  const watched = watchedHub();
  const follower = follow(watched, id);
  await eventually('what is there', 10_000, () => follower.seen.length === 2);
  watched.breakWith(new JournalUnavailableError('away'));
  await store([id], 2, 8);
  const before = watched.looks.length;
  await eventually('a look in vain', 10_000, () => watched.looks.length > before);
  watched.breakWith(undefined);
  await eventually('what came meanwhile', 10_000, () => follower.seen.length === 8);
  expect(seqs(follower.seen)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  watched.breakWith(new Error('a mistake of ours'));
  await expect(follower.ended).rejects.toThrow('a mistake of ours');
});
