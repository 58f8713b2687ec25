/** Migrations beside a process that hangs, a table that is locked, and another release. */
import path from 'node:path';
import { Client } from 'pg';
import pino from 'pino';
import { openReader } from '../../../src/journal/read/open-reader.js';
import { migrateJournal } from '../../../src/journal/tables/migrate.js';
import { loadMigrationNames } from '../../../src/platform/database/migrate.js';
import { migrateOrders } from '../../../src/orders/store/migrate.js';
import { openPayment } from '../../../src/services/payment/service.js';
import { createDatabase, freshSchema, type OwnDatabase } from '../../support/database.js';

const HANGING = 'a-process-that-hangs';
const schemas: string[] = [];
const fresh = (prefix: string): string => {
  const schema = freshSchema(prefix);
  schemas.push(schema);
  return schema;
};

/** A database of its own: advisory locks are per database, and the other tests migrate in theirs. */
let own: OwnDatabase;
let url: string;
beforeAll(async () => {
  own = await createDatabase('migrations');
  url = own.url;
});
afterAll(async () => {
  await own.drop();
});

/** Runs `act` while another session holds a lock. */
async function beside<T>(lock: string, act: (pid: number) => Promise<T>): Promise<T> {
  const other = new Client({ connectionString: url, application_name: HANGING });
  await other.connect();
  try {
    await other.query(lock);
    const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return await act(rows[0]?.pid ?? 0);
  } finally {
    await other.end();
  }
}

const holding = (lock: string) => `SELECT pg_advisory_lock(${lock})`;
const openService = (schema: string) =>
  openPayment({
    databaseUrl: url,
    schema,
    faultInjection: false,
    demoData: false,
    logger: pino({ level: 'silent' }),
    migrationWaitMs: 300,
  });

const KINDS = [
  ['journal', '7241865325824002', (schema: string) => migrateJournal(url, schema, 300)],
  ['orders', '7241865325824001', (schema: string) => migrateOrders(url, schema, 300)],
  ['a service', '7241865325823964', async (schema: string) => (await openService(schema)).close()],
] as const;

it.each(KINDS)(
  'while a process hangs with the migration lock of %s, a new one waits for a bounded time and says which process that is (J3)',
  async (kind, lock, migrate) => {
    const schema = fresh('held');
    await beside(holding(lock), async (pid) => {
      await expect(migrate(schema)).rejects.toThrow(new RegExp(`0\\.3 s.*pid ${pid}, application "${HANGING}"`));
    });
    await migrate(schema);
    expect(kind).not.toBe('');
  },
);

it.each(KINDS.slice(0, 2))(
  'a schema of %s that is up to date is left alone: a process that hangs keeps nobody from starting (J3)',
  async (_, lock, migrate) => {
    const schema = fresh('done');
    await migrate(schema);
    await beside(holding(lock), () => migrate(schema));
  },
);

it.each([
  ['journal', migrateJournal],
  ['orders', migrateOrders],
] as const)(
  'migrations of %s are applied in the order of their names, also two with one number',
  async (kind, migrate) => {
    const schema = fresh('order');
    await migrate(url, schema);
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${schema}.migrations ORDER BY id`);
    await client.end();
    const folder = path.join(import.meta.dirname, '..', '..', '..', 'src', kind, 'migrations');
    const names = await loadMigrationNames(folder);
    expect(rows.map(({ name }) => name)).toEqual(names);
    // Two have one number since before the first release, and keep their names: they are applied in many schemas.
    const numbers = names.map((name) => name.slice(0, 4)).filter((_, index) => names[index] !== '0005_relay_lease');
    expect(new Set(numbers).size).toBe(numbers.length);
  },
);

it('a table that another session has locked bounds a migration as well (J3)', async () => {
  const schema = fresh('busy');
  await migrateJournal(url, schema, 300);
  await inDatabase(
    `DELETE FROM ${schema}.migrations WHERE name <> '0001_journal'; DROP TABLE ${schema}.saga_commands, ${schema}.sink_blocks`,
  );
  await beside(`BEGIN; LOCK TABLE ${schema}.dead_letters IN ACCESS EXCLUSIVE MODE`, async () => {
    await expect(migrateJournal(url, schema, 300)).rejects.toThrow(/other sessions have held a table/);
  });
});

it('a reader answers within its patience that the journal is away while another process migrates it (J3)', async () => {
  const reader = openReader({ databaseUrl: url, schema: fresh('slow'), orders: { list: async () => [] } });
  await beside(holding('7241865325824002'), async () => {
    await expect(reader.getSaga('order-1')).rejects.toMatchObject({ name: 'JournalUnavailableError' });
  });
  // It migrates now, and holds the lock until it is done.
  await reader.prepare();
  await reader.close();
});

async function inDatabase(text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

describe('a schema of a later release', () => {
  const later = (schema: string, migration: string) =>
    inDatabase(`INSERT INTO ${schema}.migrations (name, run_on) VALUES ('${migration}', now())`);

  it.each(KINDS.slice(0, 2))('that only adds to %s is worked with (J5)', async (_, __, migrate) => {
    const schema = fresh('newer');
    await migrate(schema);
    await later(schema, '9001_one_column_more');
    await migrate(schema);
  });

  it.each(KINDS.slice(0, 2))(
    'that takes something of %s away is refused in a sentence (J5)',
    async (_, __, migrate) => {
      const schema = fresh('newer');
      await migrate(schema);
      await later(schema, '9001_contract_drop_a_column');
      await expect(migrate(schema)).rejects.toThrow(
        /is of a later release, whose migration 9001_contract_drop_a_column/,
      );
    },
  );
});
