/** What the watch asks every few seconds costs the same with any number of ended sagas (rule 52). */
import { Pool } from 'pg';
import { readQueueTroubles } from '../../../src/background/watch/read-queues.js';
import { readWatchedSagas } from '../../../src/background/watch/read-sagas.js';
import { migrateJournal } from '../../../src/journal/tables/migrate.js';
import { countingPool } from '../../journal/visited-rows.js';
import { databaseUrl, freshSchema } from '../../support/database.js';

const MANY = 20_000;
/** Rows that a look may visit: what it finds, its neighbours, and nothing of the rest. */
const FEW = 300;

const schema = freshSchema('watch_plans');
let pool: Pool;

beforeAll(async () => {
  await migrateJournal(databaseUrl(), schema);
  pool = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}` });
  // Most have ended; of each kind of trouble there are a few, and many wait for an approval in time.
  await pool.query(`
    INSERT INTO sagas (saga_id, saga_type, state, data, steps, waivers, dead_letters, current_step, blocked_on, waiting_for,
      created_at, updated_at, version, branch, run_id, behind_gap)
    SELECT kind || n, 'OrderFulfillment', state, '{}', steps::jsonb, '[]', '[]', 'pay', blocked,
      CASE WHEN until IS NOT NULL THEN jsonb_build_object('approval', 'order', 'until', until) END,
      now() - age::interval, now() - age::interval, 8, 0, 'run', false
    FROM (VALUES
      ('ended-', ${MANY}, 'COMPLETED', '[{"name": "pay", "status": "completed"}]', NULL, NULL, '30 days'),
      ('fresh-', 100, 'PENDING', '[{"name": "pay", "status": "executing"}]', NULL, NULL, '1 second'),
      ('waits-', ${MANY}, 'PENDING', '[{"name": "pay", "status": "pending"}]', NULL, '2999-01-01T00:00:00.000Z', '1 hour'),
      ('stuck-', 3, 'PENDING', '[{"name": "pay", "status": "executing", "error": {"code": "Away"}}]', NULL, NULL, '1 hour'),
      ('unknown-', 4, 'COMPENSATING', '[{"name": "pay", "status": "unknown"}]', NULL, NULL, '2 minutes'),
      ('blocked-', 5, 'COMPENSATING', '[{"name": "pay", "status": "compensating"}]', 'pay', NULL, '1 hour')
    ) AS kinds (kind, count, state, steps, blocked, until, age), generate_series(1, count) AS n`);
  await pool.query(`
    INSERT INTO dead_letters (kind, saga_id, step, reason, first_at, last_at, attempts, resolution)
    SELECT 'undelivered', 'ended-' || n, 'send', 'Away', now(), now(), 7, CASE WHEN n > 2 THEN 'resolved' END
    FROM generate_series(1, ${MANY}) n`);
  await pool.query(`
    INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id, stored_at)
    SELECT 'ended-' || n, 0, 1, gen_random_uuid(), n, '1', 'SagaStarted', '{}', now(), 'run', now() - interval '5 minutes'
    FROM generate_series(1, ${MANY}) n`);
  await pool.query(
    `INSERT INTO sink_cursors (sink, txid, position) VALUES ('kafka', '1', ${MANY - 7}), ('redis', '1', ${MANY})`,
  );
  for (const table of ['sagas', 'dead_letters', 'saga_events']) await pool.query(`VACUUM ANALYZE ${table}`);
}, 120_000);

afterAll(async () => {
  await pool?.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool?.end();
});

it('sagas in trouble are found without a look at those that ended or wait in time (rule 52)', async () => {
  const counting = countingPool(pool);
  const found = await readWatchedSagas(counting.pool, schema, { stuckAfter: 600_000, deadline: 86_400_000 });
  expect(found.quiet.map(({ sagaId, code }) => [sagaId, code])).toEqual([1, 2, 3].map((n) => [`stuck-${n}`, 'Away']));
  expect(found.unknown).toHaveLength(4);
  expect(found.blocked).toHaveLength(5);
  expect(found.overdue).toEqual([]);
  expect(counting.rows()).toBeLessThan(FEW);
});

it('sinks that lag and open letters are found without reading the outbox or the resolved letters (rule 52)', async () => {
  const counting = countingPool(pool);
  const troubles = await readQueueTroubles(counting.pool, schema);
  expect(troubles.map(({ kind, id }) => `${kind} ${id}`).toSorted()).toEqual([
    'DeadLetterOpen ended-1',
    'DeadLetterOpen ended-2',
    'RelayLag kafka',
  ]);
  expect(counting.rows()).toBeLessThan(FEW);
});
