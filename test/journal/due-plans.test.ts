/** What the relay and Kafka's commands ask for by the clock costs the same however much waits beside it (K7, rule 52). */
import { Pool, type PoolClient } from 'pg';
import { countCommands } from '../../src/commands/metrics.js';
import { openInbox } from '../../src/commands/inbox.js';
import { openQueues, type Kind } from '../../src/commands/queues.js';
import { openRefusals } from '../../src/commands/refusals.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { readDueBlocks } from '../../src/relay/blocks.js';
import { readEvents } from '../../src/relay/outbox.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { countingPool } from './visited-rows.js';

const MANY = 20_000;
/** Rows that a look may visit: what it finds, its neighbours, and nothing of the rest. */
const FEW = 300;

const schema = freshSchema('due_plans');
let pool: Pool;

beforeAll(async () => {
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}` });
  // Of each kind a few are due, and the others are not, are being tried, or rest.
  await pool.query(`
    INSERT INTO command_queues (queue, next_at, reason, unfinished, attempts, claimed_until, resting_at)
    SELECT 'fresh-' || n, now() - interval '1 minute', NULL, 0, 0, NULL::timestamptz, NULL::timestamptz FROM generate_series(1, ${MANY}) n
    UNION ALL SELECT 'later-' || n, now() + interval '1 day', 'NotDecided', 0, 3, NULL, NULL FROM generate_series(1, ${MANY}) n
    UNION ALL SELECT 'due-' || n, now() - interval '1 hour', 'NotDecided', 0, 3, NULL, NULL FROM generate_series(1, 5) n
    UNION ALL SELECT 'suspect-' || n, now() - interval '1 hour', NULL, 2, 2, NULL, NULL FROM generate_series(1, 3) n
    UNION ALL SELECT 'killer-' || n, now() - interval '1 hour', NULL, 3, 3, NULL, NULL FROM generate_series(1, 2) n
    UNION ALL SELECT 'rests-' || n, NULL, 'NotDecided', 0, 9, NULL, now() FROM generate_series(1, ${MANY}) n`);
  await pool.query(`
    INSERT INTO queued_commands (id, queue, correlation_id, place, headers, code, detail, publish_at)
    SELECT queue, queue, 'c', queue, '[]'::jsonb, NULL, NULL, NULL::timestamptz FROM command_queues
    UNION ALL SELECT 'refused-' || n, 'refused-' || n, 'c', 'p', '[]', 'InvalidRequest', 'why',
      CASE WHEN n <= 5 THEN now() - interval '1 hour' ELSE now() + interval '1 day' END FROM generate_series(1, ${MANY}) n`);
  await pool.query(`
    INSERT INTO saga_commands (id, fingerprint, outcome, decided_at)
    SELECT 'decided-' || n, 'f', 'accepted', CASE WHEN n <= 5 THEN now() - interval '31 days' ELSE now() END
    FROM generate_series(1, ${MANY}) n`);
  await pool.query(`
    INSERT INTO sink_blocks (sink, saga_id, event_id, txid, position, reason, attempts, next_at)
    SELECT 'kafka', 'order-' || n, gen_random_uuid(), '1', n, 'rejected', 7,
      CASE WHEN n <= 3 THEN now() - interval '1 hour' ELSE now() + interval '1 day' END FROM generate_series(1, ${MANY}) n`);
  await pool.query(`
    INSERT INTO dead_letters (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts)
    SELECT 'rejectedEvent', saga_id, sink, event_id::text, reason, now(), now(), 7 FROM sink_blocks`);
  await pool.query(`
    INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
    SELECT 'order-' || n, 0, 1, gen_random_uuid(), n, '1', 'SagaStarted', '{}', now(), 'run' FROM generate_series(1, ${MANY}) n`);
  for (const table of [
    'command_queues',
    'queued_commands',
    'saga_commands',
    'sink_blocks',
    'dead_letters',
    'saga_events',
  ])
    await pool.query(`VACUUM ANALYZE ${table}`);
}, 120_000);

afterAll(async () => {
  await pool?.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool?.end();
});

const claims: readonly [Kind, number][] = [
  ['fresh', 20],
  ['tried', 5],
  ['suspect', 3],
];

it.each(claims)('claiming what is %s visits what it claims (K7, rule 52)', async (kind, count) => {
  const counting = countingPool(pool);
  const claimed = await openQueues(counting.pool, schema).claim(kind, 20);
  expect(claimed).toHaveLength(count);
  expect(counting.rows()).toBeLessThan(FEW);
});

it('keeping what is claimed, and giving up what kills its process, visit no other queue (K7, rule 52)', async () => {
  const counting = countingPool(pool);
  const queues = openQueues(counting.pool, schema);
  const claimed = await openQueues(pool, schema).claim('fresh', 20);
  await queues.keep(claimed);
  expect(counting.rows()).toBeLessThan(2 * FEW);
  expect(await queues.giveUpKillers()).toEqual(expect.arrayContaining(['killer-1', 'killer-2']));
  expect(counting.rows()).toBeLessThan(3 * FEW);
});

it('refusals that are due are found without those that wait for their next attempt (K7, rule 52)', async () => {
  const counting = countingPool(pool);
  expect(await openRefusals(counting.pool, schema).claim(20)).toHaveLength(5);
  expect(counting.rows()).toBeLessThan(FEW);
});

it('commands that were decided long ago are forgotten without a look at the others (K7, rule 52)', async () => {
  const counting = countingPool(pool);
  await openInbox(counting.pool, schema).prune();
  expect(counting.rows()).toBeLessThan(FEW);
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM saga_commands');
  expect(rows).toEqual([{ count: MANY - 5 }]);
});

it('what waits is counted up to a limit, for the metrics (K7, rule 52)', async () => {
  const counting = countingPool(pool);
  expect(await countCommands(counting.pool, schema)).toMatchObject({ undecided: 10_000, unpublished: 10_000 });
  // Four figures are counts, three are the ends of indexes.
  expect(counting.rows()).toBeLessThanOrEqual(4 * 10_000 + FEW);
});

it('events that a sink rejects are looked for by when they are due; an operator’s decision makes them due (K7, rule 42)', async () => {
  const counting = countingPool(pool);
  const due = await readDueBlocks(counting.pool as unknown as PoolClient, 'kafka');
  expect(due.map(({ sagaId, resolution }) => [sagaId, resolution])).toEqual(
    expect.arrayContaining(['order-1', 'order-2', 'order-3'].map((saga) => [saga, null])) as unknown,
  );
  expect(due).toHaveLength(3);
  expect(counting.rows()).toBeLessThan(FEW);
  await pool.query(`UPDATE dead_letters SET resolution = 'dropped' WHERE saga_id = 'order-500'`);
  await pool.query(`UPDATE dead_letters SET resolution = 'delivered' WHERE saga_id = 'order-501'`);
  const after = await readDueBlocks(counting.pool as unknown as PoolClient, 'kafka');
  expect(after).toHaveLength(4);
  expect(after).toContainEqual(expect.objectContaining({ sagaId: 'order-500', resolution: 'dropped' }));
  expect(counting.rows()).toBeLessThan(2 * FEW);
});

it('an outbox of which everything is delivered is looked at without reading it (K7, rule 52)', async () => {
  const counting = countingPool(pool);
  const client = counting.pool as unknown as PoolClient;
  expect((await readEvents(client, { txid: '1', position: String(MANY) }, 200)).events).toEqual([]);
  expect(counting.rows()).toBeLessThan(FEW);
  expect((await readEvents(client, { txid: '1', position: String(MANY - 7) }, 200)).events).toHaveLength(7);
  expect(counting.rows()).toBeLessThan(2 * FEW);
});
