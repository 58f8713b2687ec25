/** The tables are made anew, and damage of every kind is named (rule 31). */
import { Client } from 'pg';
import { rebuildJournal } from '../../src/main/rebuild.js';
import { verifyJournal } from '../../src/main/verify-journal.js';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';
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

it('rows and dead letters are the same again, from the events alone', async () => {
  const before = await tables();
  await sql('TRUNCATE sagas, dead_letters');
  const rebuilt = await rebuildJournal({ journal: journal() });
  expect(rebuilt).toEqual({ sagas: WALKED.length + 1, fromHistories: 0, failed: [] });
  expect(await tables()).toEqual(before);
});

it('everything is the same again from Temporal’s histories, both branches of a reset included, as often as one likes', async () => {
  const before = await tables();
  await sql('TRUNCATE saga_events, sagas, dead_letters');
  const told: number[] = [];
  const rebuilt = await rebuildJournal({ journal: journal(), client: client(), onProgress: (done) => told.push(done) });
  expect(rebuilt).toEqual({ sagas: WALKED.length + 1, fromHistories: WALKED.length + 1, failed: [] });
  expect(told).toEqual(Array.from({ length: WALKED.length + 1 }, (_, index) => index + 1));
  expect(await tables()).toEqual(before);
  expect(
    before.events.filter((row) => (row as { superseded_by: unknown }).superseded_by !== null).length,
  ).toBeGreaterThan(3);
  const again = await rebuildJournal({ journal: journal(), client: client() });
  expect(again).toMatchObject({ fromHistories: 0, failed: [] });
  expect(await tables()).toEqual(before);
  expect(await verify()).toEqual([]);
});

describe('damage', () => {
  const DAMAGES: readonly (readonly [string, string, RegExp])[] = [
    ['an event that was lost', 'DELETE FROM saga_events WHERE saga_id = $1 AND seq = 5', /event 5 is missing/],
    [
      'an event that says something else',
      `UPDATE saga_events SET data = jsonb_set(data, '{step}', '"other"') WHERE saga_id = $1 AND seq = 4`,
      /event 4 is another one in the history/,
    ],
    [
      'an event that nobody sent',
      `INSERT INTO saga_events (saga_id, branch, seq, id, position, type, data, at, run_id)
       SELECT saga_id, branch, seq + 1, gen_random_uuid(), 900000, type, data, at, run_id FROM saga_events
       WHERE saga_id = $1 AND seq = 10`,
      /event 11 is in no history/,
    ],
    [
      'events that were read too early',
      'UPDATE saga_events SET position = -position WHERE saga_id = $1 AND seq = 6',
      /event 6 was published too early/,
    ],
    [
      'an event that was kept back',
      'UPDATE saga_events SET position = NULL WHERE saga_id = $1 AND seq = 6',
      /event 6 was never published/,
    ],
    [
      'a verdict that is not true',
      `UPDATE sagas SET state = 'FAILED' WHERE saga_id = $1`,
      /its row says state "FAILED"/,
    ],
    ['a row that was lost', 'DELETE FROM sagas WHERE saga_id = $1', /it has events and no row/],
    [
      'a row that nobody made',
      `INSERT INTO sagas SELECT 'phantom-' || saga_id, saga_type, state, reason, data, steps, waivers, dead_letters,
         current_step, blocked_on, waiting_for, created_at, updated_at, version, branch, run_id, behind_gap, changed_at
       FROM sagas WHERE saga_id = $1`,
      /phantom-.*it has a row and no events/,
    ],
  ];

  it.each(DAMAGES)('is named: %s', async (_, text, sentence) => {
    await sql('CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM saga_events');
    await sql(text, [completed]);
    expect(await verify()).toEqual(expect.arrayContaining([expect.stringMatching(sentence)]));
    // As it was.
    await sql('TRUNCATE saga_events');
    await sql('INSERT INTO saga_events SELECT * FROM kept');
    await rebuildJournal({ journal: journal() });
    expect(await verify()).toEqual([]);
  });

  it('of events is mended from the history, and only there', async () => {
    const before = await tables();
    await sql('DELETE FROM saga_events WHERE saga_id = $1 AND seq IN (3, 4, 9)', [completed]);
    const rebuilt = await rebuildJournal({ journal: journal(), client: client() });
    expect(rebuilt).toMatchObject({ fromHistories: 1, failed: [] });
    expect(await tables()).toEqual(before);
    expect(await verify()).toEqual([]);
  });
});
