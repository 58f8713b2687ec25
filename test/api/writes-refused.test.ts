import { openPool } from '../../src/platform/database/session.js';
import { probeWrites, reasonAgainstWrites } from '../../src/orders/store/write-probe.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type Answer, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const pool = openPool({ connectionString: databaseUrl(), max: 1 });
let temporal: TestEnv;
let api: RunningApi;
let schema: string;
let lackOfSpace: string | undefined;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client, more: { lackOfSpace: () => Promise.resolve(lackOfSpace) } });
  schema = (await api.sql<{ name: string }>('SELECT current_schema() AS name'))[0]?.name ?? '';
});

afterAll(async () => {
  await pool.end();
  await api?.close();
  await temporal?.close();
});

const becomes = (what: string, is: (body: Answer['body']) => boolean): Promise<Answer> =>
  eventually(what, 20_000, async () => {
    const answer = await api.request('GET', '/health/ready');
    return is(answer.body) && answer;
  });

async function becomesReady(): Promise<void> {
  const { body } = await becomes('readiness', ({ status }) => status === 'ready');
  expect(body).toMatchObject({ reads: 'up', places: 'up', steers: 'up', writes: 'up', reasons: [] });
}

const saying = (reason: string): Promise<Answer> =>
  becomes(reason, ({ reasons }) => Array.isArray(reasons) && reasons.includes(reason));

async function expectOrdersKeptOut(decisions: 200 | 503 = 503): Promise<void> {
  const answers = await Promise.all(
    ['reads', 'places', 'steers'].map((duty) => api.request('GET', `/health/ready?duty=${duty}`)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 503, decisions]);
  expect((await api.request('GET', '/api/orders/unknown')).status).toBe(404);
}

describe('a database that reads and refuses writes', () => {
  const down = { status: 'degraded', reads: 'up', places: 'down', steers: 'down', postgresql: 'up', writes: 'down' };

  const refuseWith = (state: string) =>
    api.sql(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '${state}'; END $$`);

  beforeAll(async () => {
    await becomesReady();
    await refuseWith('53100');
    await api.sql('CREATE TRIGGER refuse BEFORE INSERT ON write_probe FOR EACH ROW EXECUTE FUNCTION refuse()');
  });

  it.each([
    ['53100', 'its disk is full'],
    ['25006', 'it is read-only, as a standby is'],
    ['42501', 'the role of DATABASE_URL has no right to'],
    ['P0001', 'it refuses a small one'],
  ])(
    'with %s is not ready to take orders or decisions, says that %s, and is ready to read (O4)',
    async (state, reason) => {
      await refuseWith(state);
      const { status, body, text } = await saying(`PostgreSQL takes no writes: ${reason} (SQLSTATE ${state}).`);
      expect([status, body]).toMatchObject([200, down]);
      expect(text).not.toContain('secret');
      await expectOrdersKeptOut();
    },
  );

  it('because the row is locked keeps no reader waiting, and is ready again as soon as it takes writes (O4)', async () => {
    await pool.query(`BEGIN; LOCK TABLE ${schema}.write_probe`);
    const { body } = await saying('PostgreSQL takes no writes: the row that is written is locked (SQLSTATE 55P03).');
    expect(body).toMatchObject(down);
    await expectOrdersKeptOut();
    await pool.query('ROLLBACK');
    await api.sql('DROP FUNCTION refuse CASCADE');
    await becomesReady();
  });
});

it("PostgreSQL's own refusals have their reasons: a session that is read-only, and a role that may only read (O4)", async () => {
  const reason = () =>
    probeWrites(pool, schema).then(
      () => 'none',
      (error: unknown) => reasonAgainstWrites(error),
    );
  const reader = freshSchema('reader');
  expect(await reason()).toBe('none');
  await pool.query('SET default_transaction_read_only = on');
  expect(await reason()).toContain('SQLSTATE 25006');
  await pool.query(`SET default_transaction_read_only = off; CREATE ROLE ${reader}`);
  await pool.query(`GRANT USAGE ON SCHEMA ${schema} TO ${reader}; GRANT SELECT ON ${schema}.write_probe TO ${reader}`);
  await pool.query(`SET ROLE ${reader}`);
  expect(await reason()).toContain('SQLSTATE 42501');
  await pool.query(`RESET ROLE; DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
  expect(await reason()).toBe('none');
});

it('a server that allows no temporary files still proves that it takes writes (O4)', async () => {
  await pool.query('SET temp_file_limit = 0');
  await api.sql('DELETE FROM write_probe');
  await probeWrites(pool, schema);
  expect(await api.sql('SELECT at FROM write_probe')).toHaveLength(1);
});

it('too little room for the embedded servers keeps new orders out, and nothing else: what is left is for the orders that run, and decisions on them (O4)', async () => {
  lackOfSpace = 'The disk of DATA_DIR has 3 MB free: DATA_DIR_MIN_FREE_MB asks for 100.';
  const { body } = await saying(lackOfSpace);
  expect(body).toMatchObject({ status: 'degraded', reads: 'up', places: 'down', steers: 'up', writes: 'up' });
  await expectOrdersKeptOut(200);
  lackOfSpace = undefined;
  await becomesReady();
});
