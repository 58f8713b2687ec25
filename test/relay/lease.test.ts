/** Who feeds a sink (K5): with relays that are processes of their own, since only a process can be stopped. */
import { Client } from 'pg';
import { readLag } from '../../src/relay/lag.js';
import { startRelay } from '../../src/relay/relay.js';
import { compareCursors } from '../../src/relay/sinks/cursor.js';
import { completedOrder } from '../stores/stories.js';
import { writtenJournal, type WrittenJournal } from '../stores/written-journal.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { spawnRelay, type SpawnedRelay } from '../support/spawned-relay.js';
import { recordingSink } from '../journal/recording-sink.js';

const WITHIN = 20_000;

let journal: WrittenJournal;
let relays: SpawnedRelay[] = [];

beforeEach(async () => {
  journal = await writtenJournal();
  await journal.pool.query('CREATE TABLE received (n bigserial, saga_id text, event_id uuid, by int)');
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.kill()));
  relays = [];
  await journal.close();
});

async function spawned(state: 'delivering' | 'waiting'): Promise<SpawnedRelay> {
  const relay = spawnRelay(journal.schema);
  relays.push(relay);
  await eventually(`a relay that is ${state}`, WITHIN, async () => (await relay.standing()).state === state);
  return relay;
}

const lag = () => readLag(journal.pool, journal.schema, 'kafka');
const delivered = (): Promise<true> => eventually('all of it', WITHIN, () => journal.isDelivered('kafka'));

async function write(...names: string[]): Promise<void> {
  for (const name of names) await journal.append(`order-${name}`, completedOrder(name));
}

interface Received {
  readonly saga_id: string;
  readonly event_id: string;
  readonly by: number;
}

const received = async (): Promise<Received[]> =>
  (await journal.pool.query<Received>('SELECT saga_id, event_id, by FROM received ORDER BY n')).rows;

/** The first appearances of each saga's events are all of its events, in order. */
async function expectAllInOrder(): Promise<void> {
  const all = await received();
  for (const [sagaId, ids] of await journal.eventIds()) {
    const its = all.filter(({ saga_id }) => saga_id === sagaId).map(({ event_id }) => event_id);
    expect([...new Set(its)]).toEqual(ids);
  }
}

/** Holds a lock on a table until the returned function is called. */
async function locked(table: string, mode: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: databaseUrl(), options: `-c search_path=${journal.schema}` });
  await client.connect();
  await client.query('BEGIN');
  await client.query(`LOCK TABLE ${table} IN ${mode} MODE`);
  return () => client.end();
}

const waitsFor = (table: string): Promise<true> =>
  eventually(`a relay that waits for ${table}`, WITHIN, async () => {
    const { rows } = await journal.pool.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = $1::regclass`, [
      `${journal.schema}.${table}`,
    ]);
    return rows.length > 0;
  });

describe('the lease of a sink (K5)', () => {
  it('passes to another relay when its holder hangs, which learns it when it wakes up and changes nothing', async () => {
    const first = await spawned('delivering');
    const second = await spawned('waiting');
    await write('before');
    await delivered();
    expect((await lag()).holder).toBe((await first.standing()).holder);
    first.freeze();
    await write('a', 'b', 'c');
    expect(await delivered().catch(String)).toBe(true);
    expect(await lag()).toMatchObject({ holder: (await second.standing()).holder, events: 0, generation: 2 });
    const before = await journal.cursorOf('kafka');
    first.thaw();
    await eventually('the first to notice', WITHIN, async () => {
      const { state, leads } = await first.standing();
      return state === 'waiting' && !leads;
    });
    expect(compareCursors(await journal.cursorOf('kafka'), before)).toBe(0);
    await write('d');
    await delivered();
    expect((await second.standing()).leads).toBe(true);
    // Nothing was under way when it was stopped: nothing comes twice.
    expect((await received()).map(({ by }) => by)).toEqual([
      ...Array.from({ length: 10 }, () => first.pid),
      ...Array.from({ length: 40 }, () => second.pid),
    ]);
    await expectAllInOrder();
  });

  it('does not let a holder that hung in the middle of a delivery move the cursor back', async () => {
    const first = await spawned('delivering');
    const second = await spawned('waiting');
    const unlock = await locked('received', 'EXCLUSIVE');
    await write('a', 'b');
    await waitsFor('received');
    first.freeze();
    // Its insertion goes through without it; what it had under way comes twice.
    await unlock();
    await write('c');
    await delivered();
    const before = await journal.cursorOf('kafka');
    first.thaw();
    await eventually('the first to notice', WITHIN, async () => (await first.standing()).state === 'waiting');
    expect(compareCursors(await journal.cursorOf('kafka'), before)).toBe(0);
    expect((await second.standing()).leads).toBe(true);
    await expectAllInOrder();
    const all = await received();
    expect(all.length).toBeGreaterThan(30);
    expect(new Set(all.map(({ by }) => by))).toEqual(new Set([first.pid, second.pid]));
  });

  it('passes on although its holder hangs within a transaction that has locked the cursor', async () => {
    const first = await spawned('delivering');
    const second = await spawned('waiting');
    const unlock = await locked('sink_blocks', 'SHARE');
    await write('poison');
    await waitsFor('sink_blocks');
    first.freeze();
    await unlock();
    await write('a');
    await delivered();
    expect((await second.standing()).leads).toBe(true);
    const { rows } = await journal.pool.query('SELECT saga_id FROM sink_blocks');
    expect(rows).toEqual([{ saga_id: 'order-poison' }]);
    first.thaw();
    await eventually('the first to notice', WITHIN, async () => (await first.standing()).state === 'waiting');
    await write('b');
    await delivered();
    expect((await received()).filter(({ saga_id }) => saga_id === 'order-b')).toHaveLength(10);
  });

  it('is kept through a delivery that takes much longer than it lasts', async () => {
    const sink = recordingSink();
    let finish: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    sink.before = () => slow;
    const relay = startRelay({
      databaseUrl: databaseUrl(),
      schema: journal.schema,
      sink,
      pace: { poll: 10, lease: 300 },
    });
    await relay.begun;
    const standby = await spawned('waiting');
    await write('slow');
    const renewals = new Set<string>();
    await eventually('ten renewals', WITHIN, async () => {
      const { rows } = await journal.pool.query<{ at: string }>('SELECT renewed_at::text AS at FROM sink_cursors');
      renewals.add(rows[0]?.at ?? '');
      return renewals.size > 10;
    });
    expect(relay.leads()).toBe(true);
    expect((await standby.standing()).leads).toBe(false);
    finish();
    await delivered();
    expect(sink.events).toHaveLength(10);
    await relay.stop();
  });

  it('is free at once when its holder stops, or is started again', async () => {
    const sink = recordingSink();
    const pace = { poll: 10, lease: 3_600_000 };
    const options = { databaseUrl: databaseUrl(), schema: journal.schema, sink, pace };
    const relay = startRelay(options);
    expect(await relay.begun).toBe('delivering');
    await relay.stop();
    const next = startRelay(options);
    expect(await next.begun).toBe('delivering');
    // Its connections are lost, not its process: it takes its own lease again.
    await journal.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'unwind-relay%' AND datname = current_database()`,
    );
    await write('again');
    await delivered();
    expect((await lag()).generation).toBeGreaterThan(2);
    await next.stop();
  });

  it('is not waited for when the clock of a new database server is behind the last renewal', async () => {
    await journal.pool.query(
      `INSERT INTO sink_cursors (sink, generation, holder, renewed_at, lease_until)
       VALUES ('kafka', 7, 'elsewhere', now() + interval '1 hour', now() + interval '1 hour 6 seconds')`,
    );
    const relay = startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink: recordingSink() });
    expect(await relay.begun).toBe('delivering');
    expect((await lag()).generation).toBe(8);
    await relay.stop();
  });
});
