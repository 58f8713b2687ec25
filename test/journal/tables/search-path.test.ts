import { Client } from 'pg';
import { openJournal } from '../../../src/journal/write/journal.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { batchOf, entriesOf, HAPPY } from '../entries.js';

const database = freshSchema('searched');
const url = new URL(databaseUrl());
url.pathname = database;

async function sql<Row extends object>(text: string, connectionString = url.href): Promise<Row[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  await sql(`CREATE DATABASE ${database}`, databaseUrl());
  await sql('CREATE SCHEMA "the shop, before"');
  await sql(`ALTER ROLE CURRENT_USER IN DATABASE ${database} SET search_path TO "the shop, before", public`);
});
afterAll(() => sql(`DROP DATABASE ${database} WITH (FORCE)`, databaseUrl()));

const askRun = async () => ({ standing: 'superseded' as const });

it('an unqualified statement finds the sagas, what was on the search path stays, and nothing is added twice', async () => {
  for (let times = 0; times < 2; times++) {
    const workers = [1, 2, 3].map(() => openJournal({ databaseUrl: url.href, askRun, onSearchPath: true }));
    await Promise.all(workers.map((journal) => journal.prepare()));
    await workers[0]?.append(batchOf('order-1', entriesOf(HAPPY)));
    await Promise.all(workers.map((journal) => journal.close()));
  }
  expect(await sql(`SELECT saga_id, version FROM sagas WHERE state = 'PENDING'`)).toEqual([
    { saga_id: 'order-1', version: 8 },
  ]);
  const [path] = await sql<{ search_path: string }>('SHOW search_path');
  expect(path?.search_path).toBe('"the shop, before", public, journal');
});
