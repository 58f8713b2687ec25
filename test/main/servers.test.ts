import { Client } from 'pg';
import { databaseUrl, freshSchema } from '../support/database.js';
import { createTimeSkipping } from '../support/temporal.js';

describe('the servers that the tests share', () => {
  it('has a PostgreSQL database that takes many connections', async () => {
    const client = new Client({ connectionString: databaseUrl() });
    await client.connect();
    try {
      await client.query(`CREATE SCHEMA ${freshSchema('hello')}`);
      expect((await client.query<{ max_connections: string }>('SHOW max_connections')).rows[0]?.max_connections).toBe(
        '200',
      );
    } finally {
      await client.end();
    }
  });

  it('has a Temporal server whose time stands still until it is unlocked', async () => {
    const env = await createTimeSkipping();
    try {
      const before = await env.now();
      expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
      await env.unlock();
    } finally {
      await env.close();
    }
  });
});
