import { Pool } from 'pg';
import { inTransaction } from '../../../src/platform/database/transaction.js';
import { databaseUrl, freshSchema } from '../../support/database.js';

const schema = freshSchema('transaction');
let pool: Pool;

beforeAll(async () => {
  pool = new Pool({ connectionString: databaseUrl(), max: 1 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  await pool.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.notes (text text)`);
});

afterAll(async () => {
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
});

const notes = async (): Promise<string[]> =>
  (await pool.query<{ text: string }>(`SELECT text FROM ${schema}.notes`)).rows.map(({ text }) => text);

describe('work in one transaction', () => {
  test('is stored when it ends, with its result', async () => {
    const result = await inTransaction(pool, async (client) => {
      await client.query(`INSERT INTO ${schema}.notes VALUES ('kept')`);
      return 42;
    });
    expect(result).toBe(42);
    expect(await notes()).toEqual(['kept']);
  });

  test('leaves nothing if it throws, and the connection serves the next', async () => {
    const refusal = new Error('refused');
    const work = inTransaction(pool, async (client) => {
      await client.query(`INSERT INTO ${schema}.notes VALUES ('lost')`);
      throw refusal;
    });
    await expect(work).rejects.toBe(refusal);
    expect(await notes()).toEqual(['kept']);
  });

  test('gives back no connection that was lost in it: the pool opens another', async () => {
    const work = inTransaction(pool, (client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    await expect(work).rejects.toThrow();
    expect(await notes()).toEqual(['kept']);
  });
});
