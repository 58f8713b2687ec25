/** The tables are made anew, and damage of every kind is named (rule 31). */
import { Client } from 'pg';
import { rebuildJournal, rebuildSagas } from '../../src/journal/audit/rebuild.js';
import { lookThrough, verifyJournal } from '../../src/journal/audit/verify.js';
import { resolve } from '../recording/bringing.js';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { DAMAGES } from './damages.js';
import { resetBefore } from './reset.js';

const WALKED = [
  'completed',
  'refused-shipping',
  'confirmation-undelivered',
  'notice-undelivered',
  'cancelled-by-temporal',
  'blocked-then-skipped',
  'blocked-refused-then-retried',
  'continued-as-new',
  'approved',
];

let shop: Shop;
let reset: string;
let completed: string;

beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
  for (const name of WALKED) {
    await shop.disarm();
    const sagaId = await PATHS[name]?.(shop);
    if (name === 'completed') completed = sagaId ?? '';
  }
  await shop.disarm();
  reset = await shop.place();
  await shop.handleOf(reset).result();
  await resetBefore(shop, reset, 'processPayment');
  const { client } = shop.env;
  await eventually('visibility', 20_000, async () => {
    return (await client.workflow.count()).count >= WALKED.length + 3;
  });
}, 120_000);
afterAll(() => shop?.close());

async function sql<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  const { url, schema } = shop.journal;
  const client = new Client({ connectionString: url, options: `-c search_path=${schema}` });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const events = (runId: string) =>
  sql(`SELECT saga_id, branch, seq, id, type, data, at, ${runId} AS run_id, correlation_id, causation_id, superseded_by,
         position IS NULL AS unread FROM saga_events ORDER BY saga_id, branch, seq`);
const sagas = () => sql(`SELECT *, NULL AS changed_at FROM sagas ORDER BY saga_id`);
const letters = () =>
  sql(`SELECT *, NULL AS id FROM dead_letters WHERE resolution IS DISTINCT FROM 'superseded' ORDER BY saga_id, step`);
const tables = async () => ({ events: await events('run_id'), sagas: await sagas(), letters: await letters() });

const journal = () => ({ databaseUrl: shop.journal.url, schema: shop.journal.schema });
const client = () => shop.env.client;
const verify = async () => (await verifyJournal({ journal: journal(), client: client(), looks: 1 })).differences;

it('on a system at rest everything agrees', async () => {
  const verified = await verifyJournal({ journal: journal(), client: client() });
  expect(verified).toEqual({ sagas: WALKED.length + 1, withoutHistory: 0, differences: [] });
});

const apply = { apply: true } as const;
const ALL = WALKED.length + 1;

it('what is right is left alone: rows, letters, positions and the times of their last change (J2)', async () => {
  const before = await sql('SELECT * FROM sagas ORDER BY saga_id');
  const events = await sql('SELECT * FROM saga_events ORDER BY saga_id, branch, seq');
  const rebuilt = await rebuildJournal({ journal: journal(), client: client(), ...apply });
  expect(rebuilt).toEqual({ sagas: ALL, mended: 0, fromHistories: 0, left: [] });
  expect(await sql('SELECT * FROM sagas ORDER BY saga_id')).toEqual(before);
  expect(await sql('SELECT * FROM saga_events ORDER BY saga_id, branch, seq')).toEqual(events);
});

it('rows and dead letters are the same again, from the events alone, and as old as their last event (J2)', async () => {
  const before = await tables();
  await sql('TRUNCATE sagas, dead_letters');
  const rebuilt = await rebuildJournal({ journal: journal(), ...apply });
  expect(rebuilt).toEqual({ sagas: ALL, mended: ALL, fromHistories: 0, left: [] });
  expect(await tables()).toEqual(before);
  const younger = await sql(
    `SELECT saga_id FROM sagas s WHERE changed_at > (SELECT max(stored_at) FROM saga_events e WHERE e.saga_id = s.saga_id)`,
  );
  expect(younger).toEqual([]);
});

it('everything is the same again from Temporal’s histories, both branches of a reset included, as often as one likes', async () => {
  const before = await tables();
  await sql('TRUNCATE saga_events, sagas, dead_letters');
  const trial = await rebuildJournal({ journal: journal(), client: client(), apply: false });
  expect(trial).toMatchObject({ mended: ALL, fromHistories: ALL, left: [] });
  expect(await sql('SELECT saga_id FROM saga_events UNION SELECT saga_id FROM sagas')).toEqual([]);
  const rebuilt = await rebuildJournal({ journal: journal(), client: client(), ...apply });
  expect(rebuilt).toEqual({ sagas: ALL, mended: ALL, fromHistories: ALL, left: [] });
  expect(await tables()).toEqual(before);
  expect(
    before.events.filter((row) => (row as { superseded_by: unknown }).superseded_by !== null).length,
  ).toBeGreaterThan(3);
  const again = await rebuildJournal({ journal: journal(), client: client(), ...apply });
  expect(again).toMatchObject({ mended: 0, fromHistories: 0, left: [] });
  expect(await tables()).toEqual(before);
  expect(await verify()).toEqual([]);
});

it('a walk begins behind the saga that it is given, and ends when it is stopped (rule 53)', async () => {
  const [first, second] = (await sql<{ saga_id: string }>('SELECT saga_id FROM sagas ORDER BY saga_id')).map(
    ({ saga_id }) => saga_id,
  );
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { sagaId } of rebuildSagas({
    journal: journal(),
    after: first,
    stop: stop.signal,
    apply: false,
  })) {
    seen.push(sagaId);
    stop.abort();
  }
  expect(seen).toEqual([second]);
});

it('a table that is locked for seconds delays the comparison, and ends nothing (J9)', async () => {
  const { url, schema } = shop.journal;
  const locker = new Client({ connectionString: url, options: `-c search_path=${schema}` });
  await locker.connect();
  const seen: string[] = [];
  try {
    for await (const { sagaId } of lookThrough({ journal: journal(), client: client() })) {
      seen.push(sagaId);
      if (seen.length !== 2) continue;
      await locker.query('BEGIN; LOCK TABLE sagas IN ACCESS EXCLUSIVE MODE');
      const waiting = () =>
        sql(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%sagas%' AND pid <> pg_backend_pid()`,
        );
      const timedOut = async (): Promise<boolean> => {
        // A read has waited until the server gave it up, and the next one waits.
        for (let times = 0; times < 2; times++) {
          await eventually('a read that waits', 20_000, async () => (await waiting()).length > 0);
          await eventually('its end', 20_000, async () => (await waiting()).length === 0);
        }
        return true;
      };
      void timedOut().finally(() => locker.query('ROLLBACK'));
    }
  } finally {
    await locker.end();
  }
  expect(seen).toHaveLength(ALL);
});

describe('damage', () => {
  const TABLES = ['saga_events', 'sagas', 'dead_letters'];

  beforeAll(async () => {
    for (const table of TABLES) await sql(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
  });
  beforeEach(async () => {
    await sql(`TRUNCATE ${TABLES.join(', ')}`);
    for (const table of TABLES) await sql(`INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_${table}`);
    expect(await verify()).toEqual([]);
  });

  const withoutHistory = async () => (await verifyJournal({ journal: journal(), looks: 1 })).differences;
  const row = async (sagaId = completed) =>
    (
      await sql<{ version: number; state: string; blocked_on: string | null }>(
        'SELECT * FROM sagas WHERE saga_id = $1',
        [sagaId],
      )
    )[0];
  const everything = async () => [
    await events('run_id'),
    await sql('SELECT * FROM sagas ORDER BY saga_id'),
    await letters(),
  ];

  it.each(DAMAGES)('is named, and shown by a trial run that writes nothing: %s (J1)', async (_, text, sentence) => {
    await sql(text, [completed]);
    const before = await everything();
    expect(await verify()).toEqual(expect.arrayContaining([expect.stringMatching(sentence)]));
    const trial = await rebuildJournal({ journal: journal(), client: client(), apply: false });
    expect(trial.mended + trial.left.length).toBeGreaterThan(0);
    expect(await everything()).toEqual(before);
  });

  it.each(DAMAGES)(
    'without a history never costs a verdict or a version, and is mended or kept and said: %s (J1, rule 54)',
    async (_, text, __, isProved) => {
      await sql(text, [completed]);
      const before = await row();
      const rebuilt = await rebuildJournal({ journal: journal(), ...apply });
      const after = await row();
      if (before) {
        expect(after?.version).toBeGreaterThanOrEqual(before.version);
        expect(after?.state).toBe('COMPLETED');
      }
      const said = await withoutHistory();
      expect(said).toEqual(rebuilt.left);
      expect(said.length === 0).toBe(isProved);
      // Once more changes nothing more.
      const once = await everything();
      await rebuildJournal({ journal: journal(), ...apply });
      expect(await everything()).toEqual(once);
    },
  );

  it.each(DAMAGES)(
    'with a history is mended, or kept and said, and costs no verdict: %s (J1)',
    async (_, text, __, ___, isProved) => {
      await sql(text, [completed]);
      const rebuilt = await rebuildJournal({ journal: journal(), client: client(), ...apply });
      expect(await row()).toMatchObject({ state: 'COMPLETED', version: 10 });
      const said = await verify();
      expect(said).toEqual(rebuilt.left);
      expect(said.length === 0).toBe(isProved);
    },
  );

  it('of a row with a lost event and no history: the row is made as far as the events go without a gap, and that is said (J1)', async () => {
    await sql('DELETE FROM saga_events WHERE saga_id = $1 AND seq = 5', [completed]);
    await sql('DELETE FROM sagas WHERE saga_id = $1', [completed]);
    const { left } = await rebuildJournal({ journal: journal(), ...apply });
    expect(left).toContain(`${completed}: event 5 is missing`);
    expect(await row()).toMatchObject({ version: 4, state: 'PENDING', behind_gap: true });
    expect(await withoutHistory()).toContain(`${completed}: event 5 is missing`);
    // And whole again when the history is found.
    await rebuildJournal({ journal: journal(), client: client(), ...apply });
    expect(await row()).toMatchObject({ version: 10, state: 'COMPLETED', behind_gap: false });
  });

  it('of the end and its row: an order that Temporal has forgotten before it ended is never taken for right (J1)', async () => {
    // As if retention had passed: the same events under an id that Temporal does not know.
    const copy = (table: string, columns: string, more: string) =>
      sql(
        `INSERT INTO ${table} (saga_id, ${columns}) SELECT 'order-forgotten', ${columns} FROM ${table} WHERE saga_id = $1 ${more}`,
        [completed],
      );
    await copy('saga_events', 'branch, seq, id, type, data, at, run_id', 'AND seq < 8');
    await rebuildJournal({ journal: journal(), client: client(), ...apply });
    expect(await row('order-forgotten')).toMatchObject({ version: 7, state: 'PENDING' });
    expect(await verify()).toContain(
      'order-forgotten: it has not ended, and Temporal does not know it any more: events after 7 may be lost',
    );
  });

  it('of several orders is mended from the histories, and nothing else is touched (J2)', async () => {
    const before = await everything();
    await sql('DELETE FROM saga_events WHERE saga_id = $1 AND seq IN (3, 4, 9)', [completed]);
    const rebuilt = await rebuildJournal({ journal: journal(), client: client(), ...apply });
    expect(rebuilt).toMatchObject({ mended: 1, fromHistories: 1, left: [] });
    // The row was right all along: its times are as they were.
    expect(await everything()).toEqual(before);
    expect(await verify()).toEqual([]);
  });

  it('of an open order is mended when its worker goes on: what it knew is not forgotten, what comes is added (J1)', async () => {
    await shop.arm('shipping', { mode: 'refuse' });
    await shop.arm('payment', { mode: 'refuse', operation: 'DELETE' });
    const sagaId = await shop.place();
    await eventually('the block', 20_000, async () => (await row(sagaId))?.blocked_on === 'process_payment');
    await shop.disarm();
    await sql('DELETE FROM saga_events WHERE saga_id = $1 AND seq = 3', [sagaId]);
    const { version } = (await row(sagaId)) ?? { version: 0 };
    await resolve(shop, sagaId, 'process_payment', 'retry');
    await shop.handleOf(sagaId).result();
    const after = await eventually('the end', 20_000, async () => {
      const now = await row(sagaId);
      return now?.state === 'FAILED' && now;
    });
    expect(after.version).toBeGreaterThan(version);
    expect(await verify()).toContain(`${sagaId}: event 3 is missing`);
    await rebuildJournal({ journal: journal(), client: client(), ...apply });
    expect(await verify()).toEqual([]);
  });
});
