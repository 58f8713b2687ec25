/** What the relay waits for, and what not (K6, rule 39). */
import { mkdtempSync, appendFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import { fullNumber, readHorizon } from '../../../src/journal/read/horizon.js';
import { startRelay, type Held, type Relay } from '../../../src/relay/relay.js';
import { freePort } from '../../../src/platform/ports.js';
import { startPostgres } from '../../../src/local/postgres/server.js';
import { completedOrder } from '../../stores/stories.js';
import { writtenJournal, type WrittenJournal } from '../../stores/written-journal.js';
import { databaseUrl, freshSchema } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { recordingSink } from '../recording-sink.js';

const WITHIN = 30_000;

let journal: WrittenJournal;
let relay: Relay | undefined;
let clients: Client[] = [];

beforeEach(async () => {
  journal = await writtenJournal();
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  await Promise.all(clients.map((client) => client.end()));
  clients = [];
  await journal.close();
});

async function session(url = databaseUrl(), name = 'a-forgotten-shell'): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: name });
  await client.connect();
  clients.push(client);
  return client;
}

/** A session with an open transaction that has a number, as after any write. */
async function holding(url?: string, name?: string): Promise<Client> {
  const client = await session(url, name);
  await client.query('BEGIN');
  await client.query('SELECT pg_current_xact_id()');
  return client;
}

async function write(...names: string[]): Promise<void> {
  for (const name of names) await journal.append(`order-${name}`, completedOrder(name));
}

const delivered = (): Promise<true> => eventually('all of it', WITHIN, () => journal.isDelivered('kafka'));

function follow(onHeld: (held: Held | undefined) => void = () => undefined) {
  const sink = recordingSink();
  const pace = { poll: 10, heldFor: 200 };
  relay = startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink, pace, onHeld });
  return sink;
}

/** Another database of the same server, for as long as the test goes. */
async function withAnotherDatabase(body: (url: string) => Promise<void>): Promise<void> {
  const name = freshSchema('elsewhere');
  await journal.pool.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  const url = new URL(databaseUrl());
  url.pathname = `/${name}`;
  try {
    await body(url.href);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    clients = [];
    await journal.pool.query(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`);
  }
}

describe('what the relay waits for (K6)', () => {
  it('is no forgotten transaction in another database of the server', async () => {
    await withAnotherDatabase(async (url) => {
      await holding(url);
      const sink = follow();
      await write('a', 'b');
      await delivered();
      expect(sink.events).toHaveLength(20);
      expect(relay?.held()).toBeUndefined();
    });
  });

  it('is no transaction of this database that only reads', async () => {
    const reader = await session();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM pg_class');
    follow();
    await write('a');
    await delivered();
    expect(relay?.held()).toBeUndefined();
  });

  it('is a transaction of this database that has written something, and it is said which one, until it ends', async () => {
    const told: (Held | undefined)[] = [];
    const sink = follow((held) => told.push(held));
    await write('before');
    await delivered();
    const holder = await holding();
    const { rows } = await holder.query<{ pid: number; since: Date }>(
      'SELECT pg_backend_pid() AS pid, xact_start AS since FROM pg_stat_activity WHERE pid = pg_backend_pid()',
    );
    await write('after');
    // Other tests have transactions in this database as well.
    const ofIt = (held: Held | undefined): boolean => held?.holder.application === 'a-forgotten-shell';
    await eventually('the relay to say it', WITHIN, () => told.some(ofIt));
    const [row] = rows;
    expect(told.find(ofIt)?.holder).toEqual({
      pid: row?.pid,
      application: 'a-forgotten-shell',
      since: row?.since.toISOString(),
    });
    await eventually('the relay to know it', WITHIN, () => relay?.held()?.holder.pid === row?.pid);
    expect(sink.idsOf('order-after')).toEqual([]);
    await holder.query('ROLLBACK');
    await delivered();
    await eventually('the relay to say that it goes on', WITHIN, () => told.at(-1) === undefined);
    expect(told.filter(ofIt)).toHaveLength(1);
    expect(sink.idsOf('order-after')).toHaveLength(10);
  });

  it('is a transaction that writes to the journal long after it got its number: nothing is skipped (rule 39)', async () => {
    await withAnotherDatabase(async (url) => {
      await holding(url);
      const sink = follow();
      const late = await holding();
      await write('early');
      await eventually('the relay to wait', WITHIN, () => relay?.held());
      await late.query(`SET LOCAL search_path = ${escapeIdentifier(journal.schema)}`);
      await late.query(
        `INSERT INTO saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
         VALUES ('order-late', 0, 1, gen_random_uuid(), nextval('positions'), pg_current_xact_id(), 'SagaStarted', '{}', now(), 'run')`,
      );
      expect(sink.events).toEqual([]);
      await late.query('COMMIT');
      await delivered();
      expect(sink.idsOf('order-late')).toHaveLength(1);
      expect(sink.events).toHaveLength(11);
    });
  });

  it('lets nothing be skipped while many commit out of order, beside other databases and rolled back ones (rule 39)', async () => {
    await withAnotherDatabase(async (url) => {
      await holding(url);
      const sink = follow();
      // Each writes an event, waits for some of the others to have ended, and ends, every fourth without its event.
      const writers = await Promise.all(Array.from({ length: 12 }, () => session()));
      let ended = 0;
      const insert = async (client: Client, number: number): Promise<void> => {
        await client.query('BEGIN');
        await client.query('SELECT pg_current_xact_id()');
        const until = ended + (number % 5);
        const others = Math.min(until, 100);
        // A look of the relay is enough when all of them wait for one another.
        await eventually('others to have ended', WITHIN, () => ended >= others || relay?.held() !== undefined);
        await client.query(
          `INSERT INTO ${escapeIdentifier(journal.schema)}.saga_events (saga_id, branch, seq, id, position, txid, type, data, at, run_id)
           VALUES ($1, 0, 1, gen_random_uuid(), nextval($2), pg_current_xact_id(), 'SagaStarted', '{}', now(), 'run')`,
          [`order-${number}`, `${journal.schema}.positions`],
        );
        await client.query(number % 4 === 0 ? 'ROLLBACK' : 'COMMIT');
        ended += 1;
      };
      await Promise.all(
        writers.map(async (client, lane) => {
          for (let round = 0; round < 12; round += 1) await insert(client, round * 12 + lane);
        }),
      );
      await write('last');
      await delivered();
      const { rows } = await journal.pool.query<{ id: string }>(
        `SELECT id FROM saga_events WHERE saga_id <> 'order-last'`,
      );
      const got = sink.events.filter(({ sagaId }) => sagaId !== 'order-last').map(({ id }) => id);
      expect(rows).toHaveLength(108);
      expect(got.sort()).toEqual(rows.map(({ id }) => id).sort());
    });
  });

  it('is a prepared transaction as well, which has no session', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-prepared-'));
    const port = await freePort();
    const options = {
      dataDir: folder,
      port,
      durable: false,
      logFile: path.join(folder, 'log'),
      notice: () => undefined,
    };
    await (await startPostgres(options)).stop();
    appendFileSync(path.join(folder, 'postgres', 'postgresql.conf'), '\nmax_prepared_transactions = 4\n');
    const server = await startPostgres(options);
    server.process.unref();
    try {
      const client = await holding(server.url);
      await client.query(`PREPARE TRANSACTION 'a-coordinator-that-died'`);
      // Only once a later transaction has ended is there anything above it.
      await client.query('SELECT pg_current_xact_id()');
      const { holder } = await readHorizon(client);
      expect(holder).toMatchObject({ pid: undefined, application: 'a-coordinator-that-died' });
      expect(holder?.since).toMatch(/^\d{4}-/);
      await client.query(`ROLLBACK PREPARED 'a-coordinator-that-died'`);
      expect((await readHorizon(client)).holder).toBeUndefined();
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      clients = [];
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is seen by a role that may see nothing else of other sessions', async () => {
    const role = freshSchema('narrow');
    await journal.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'narrow'`);
    try {
      await holding();
      await journal.pool.query('SELECT pg_current_xact_id()');
      const url = new URL(databaseUrl());
      url.username = role;
      url.password = 'narrow';
      const reading = await session(url.href);
      // Transactions of other tests that are older end soon.
      const holder = await eventually('the forgotten shell', 20_000, async () => {
        const { holder: oldest } = await readHorizon(reading);
        return oldest?.application === 'a-forgotten-shell' && oldest;
      });
      expect(holder).toMatchObject({ application: 'a-forgotten-shell', since: undefined });
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      clients = [];
      await journal.pool.query(`DROP ROLE ${role}`);
    }
  });
});

describe('the full number of an open transaction', () => {
  it.each([
    [7n, 9n, 7n],
    [7n, 3n * 2n ** 32n + 9n, 3n * 2n ** 32n + 7n],
    // Given before the lower 32 bits ran over, and after.
    [2n ** 32n - 5n, 2n ** 32n + 3n, 2n ** 32n - 5n],
    [3n, 2n ** 32n - 5n, 2n ** 32n + 3n],
  ])('%s beside %s is %s', (xid, near, full) => {
    expect(fullNumber(xid, near)).toBe(full);
  });
});
