/** A pool's size bounds what it takes of the server, and its sessions read the formats that this code reads. */
import { Client } from 'pg';
import { openBoundedPool } from '../../../src/platform/database/pool.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

const SIZE = 3;
const NO_SESSION = 'timeout exceeded when trying to connect';
const TIMED_OUT = 'canceling statement due to statement timeout';
const table = `public.${freshSchema('locked')}`;

let admin: Client;
let locker: Client;
beforeAll(async () => {
  admin = new Client({ connectionString: databaseUrl() });
  locker = new Client({ connectionString: databaseUrl() });
  await Promise.all([admin.connect(), locker.connect()]);
  await admin.query(`CREATE TABLE ${table} (id int)`);
});
afterAll(async () => {
  await admin.query(`DROP TABLE ${table}`);
  await Promise.all([admin.end(), locker.end()]);
});

const open = (applicationName: string, url = databaseUrl()) =>
  openBoundedPool({ databaseUrl: url, applicationName, size: SIZE, patienceMs: 600 });

async function backends(applicationName: string, condition = 'true'): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1 AND ${condition}`,
    [applicationName],
  );
  return rows[0]?.count ?? 0;
}

it('behind a locked table it never has more statements running on the server than its size, however often it is asked (J8)', async () => {
  const name = freshSchema('pool');
  const pool = open(name);
  try {
    await locker.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    const outcomes = new Set<string>();
    const seen: number[] = [];
    // Callers that come one after the other, each as soon as the one before it has given up.
    const callers = Array.from({ length: 2 * SIZE }, async () => {
      for (let calls = 0; calls < 4; calls++) {
        outcomes.add(
          await pool.query(`SELECT * FROM ${table}`).then(
            () => 'answered',
            (error: Error) => error.message,
          ),
        );
      }
    });
    const over = new AbortController();
    const all = Promise.all(callers).then(() => over.abort());
    while (!over.signal.aborted) seen.push(await backends(name, `state = 'active' AND query LIKE 'SELECT%'`));
    await all;
    expect(Math.max(...seen)).toBe(SIZE);
    expect(outcomes).toEqual(new Set([TIMED_OUT, ...(outcomes.has(NO_SESSION) ? [NO_SESSION] : [])]));
    await eventually(
      'nothing to be left on the server',
      5_000,
      async () => (await backends(name, `state = 'active'`)) === 0,
    );
    await locker.query('ROLLBACK');
    expect((await pool.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
  } finally {
    await locker.query('ROLLBACK');
    await pool.end();
  }
});

it('a transaction that is left open is ended by the server, and the pool goes on with another session (J8)', async () => {
  const name = freshSchema('pool');
  const pool = open(name);
  try {
    const client = await pool.connect();
    await client.query('BEGIN');
    await eventually('the session to be gone', 20_000, async () => (await backends(name)) === 0);
    client.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});

it.each([
  ['its URL', '?options=-c%20datestyle%3DGerman%20-c%20statement_timeout%3D0'],
  ['its URL by name', '?statement_timeout=0'],
])('%s cannot take its settings away (J8, A8)', async (_, suffix) => {
  const url = databaseUrl();
  const pool = open(freshSchema('pool'), url.includes('?') ? url.replace('?', `${suffix}&`) : url + suffix);
  try {
    const { rows } = await pool.query(
      `SELECT current_setting('statement_timeout') AS limit, '2026-02-01 10:00:00+00'::timestamptz AS at,
         '2026-02-01 10:00:00+00'::timestamptz::text AS text`,
    );
    expect(rows).toEqual([{ limit: '400ms', at: new Date('2026-02-01T10:00:00Z'), text: '2026-02-01 10:00:00+00' }]);
  } finally {
    await pool.end();
  }
});
