/** Many dead letters at a terminal: paged, filtered, and worked off by one decision (J4). */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Client } from 'pg';
import { openDeadLetters } from '../../src/journal/dead-letters/table.js';
import { openOrders } from '../../src/orders/store/orders.js';
import { createDatabase, type OwnDatabase } from '../support/database.js';

const root = path.join(import.meta.dirname, '..', '..');
const MANY = 300_000;

let url: string;
/** The command reads the schema `journal`, so it gets a database of its own. */
let own: OwnDatabase;
let inside: Client;
beforeAll(async () => {
  own = await createDatabase('letters');
  url = own.url;
  await (await openDeadLetters({ databaseUrl: url })).close();
  await (await openOrders({ databaseUrl: url, demoData: false })).close();
  inside = new Client({ connectionString: url, options: '-c search_path=journal' });
  await inside.connect();
  const columns = 'kind, saga_id, step, sink, event_id, reason, first_at, last_at, attempts';
  const old = `now() - interval '3 hours'`;
  await inside.query(
    `INSERT INTO dead_letters (${columns})
     SELECT 'rejectedEvent', 'order-' || n, NULL, 'kafka', 'event-' || n, 'MessageTooLarge', ${old}, now(), 5
     FROM generate_series(1, ${MANY}) AS n`,
  );
  await inside.query(
    `INSERT INTO dead_letters (${columns})
     SELECT 'undelivered', 'order-u' || n, 'send_confirmation', NULL, NULL, 'StepTimedOut', ${old}, now(), 3
     FROM generate_series(1, 1200) AS n`,
  );
  await inside.query(
    `INSERT INTO dead_letters (${columns})
     VALUES ('undelivered', 'order-fresh', 'send_confirmation', NULL, NULL, 'StepTimedOut', now(), now(), 3),
            ('undelivered', 'order-other', 'send_confirmation', NULL, NULL, 'AddressUnknown', ${old}, now(), 1)`,
  );
  await inside.query('ANALYZE dead_letters');
}, 120_000);
afterAll(async () => {
  await inside.end();
  await own.drop();
});

interface Said {
  readonly code: number | null;
  readonly lines: number;
  /** The first and the last thousand characters. */
  readonly start: string;
  readonly end: string;
  readonly err: string;
}

/** Keeps of the output what a test looks at: it is long. */
function letters(args: readonly string[], megabytes = 512): Promise<Said> {
  return new Promise((resolve, reject) => {
    const node = [`--max-old-space-size=${megabytes}`, path.join(root, 'dist', 'cli', 'unwind.js'), 'dead-letters'];
    const env = { ...process.env, DATABASE_URL: url, NODE_OPTIONS: '' };
    const child = spawn(process.execPath, [...node, ...args], { cwd: root, env });
    let [lines, start, end, err] = [0, '', '', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      lines += text.split('\n').length - 1;
      if (start.length < 1_000) start += text.slice(0, 1_000);
      end = (end + text).slice(-1_000);
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines, start, end, err }));
  });
}

const open = async (condition: string): Promise<number> => {
  const text = `SELECT count(*)::int AS count FROM dead_letters WHERE resolution IS NULL AND ${condition}`;
  return (await inside.query<{ count: number }>(text)).rows[0]?.count ?? -1;
};

it('300,000 open ones are listed, each once, in a heap that holds a fraction of them (J4)', async () => {
  const { code, lines, end, err } = await letters(['list'], 64);
  expect({ code, err, lines }).toEqual({ code: 0, err: '', lines: MANY + 1_202 + 1 });
  expect(end).toMatch(/\n301202 dead letters open\n$/);
});

it('a page names the start of the next one, and the next one begins there (J4)', async () => {
  const first = await letters(['list', '--limit', '2']);
  expect(first.end).toMatch(
    /^1 {2}rejectedEvent.*\n2 {2}rejectedEvent.*\n2 dead letters open, and more: go on with --after 2\n$/,
  );
  const next = await letters(['list', '--limit', '1', '--after', '2', '--json']);
  expect(JSON.parse(next.start)).toMatchObject({ id: '3', kind: 'rejectedEvent', sagaId: 'order-3', resolution: null });
});

it.each([
  [['--kind', 'undelivered'], 1_202],
  [['--kind', 'undelivered', '--older-than', '1h'], 1_201],
  [['--code', 'AddressUnknown'], 1],
  [['--saga', 'order-77'], 1],
  [['--step', 'send_confirmation', '--code', 'StepTimedOut'], 1_201],
  [['--sink', 'redis'], 0],
])('the filter %j finds what it says (J4)', async (filter, count) => {
  const { code, lines } = await letters(['list', '--json', ...filter]);
  expect({ code, lines }).toEqual({ code: 0, lines: count });
});

it.each([
  [['resolve', '--kind', 'undelivered', '--reason', 'told'], /--actor is missing/],
  [['resolve', '--actor', 'olga', '--reason', 'told'], /Say which ones/],
  [['list', '--kind', 'lost'], /--kind is "lost", but must be one of blocked/],
  [['list', '--older-than', 'long'], /--older-than is "long"/],
  [['list', '--after', 'x'], /--after is "x"/],
])('%j is refused in a sentence (J4)', async (args, sentence) => {
  const { code, err } = await letters(args);
  expect(code).toBe(2);
  expect(err).toMatch(sentence);
});

it('one decision for many is shown first, done with --apply, with who and why, leaves the others alone, and takes what is still open when repeated (J4, rule 48)', async () => {
  const filter = ['--kind', 'undelivered', '--older-than', '1h', '--code', 'StepTimedOut'];
  const who = ['--actor', 'olga', '--reason', 'told by phone'];
  const shown = await letters(['resolve', ...filter, ...who]);
  expect(shown).toMatchObject({ code: 1, lines: 21 });
  expect(shown.end).toContain(
    'resolve would be tried on 1200 open dead letters, of which the first 20 are shown. Nothing was done',
  );
  expect(await open(`kind = 'undelivered'`)).toBe(1_202);
  const done = await letters(['resolve', ...filter, ...who, '--apply']);
  expect(done).toMatchObject({ code: 0, end: '1200 closed, 0 still open\n' });
  expect(await open(`kind = 'undelivered'`)).toBe(2);
  expect(await open(`kind = 'rejectedEvent'`)).toBe(MANY);
  const { rows } = await inside.query(
    `SELECT DISTINCT resolution, resolved_by, resolved_reason FROM dead_letters WHERE resolution IS NOT NULL`,
  );
  expect(rows).toEqual([{ resolution: 'resolved', resolved_by: 'olga', resolved_reason: 'told by phone' }]);
  expect(await letters(['resolve', ...filter, ...who, '--apply'])).toMatchObject({
    code: 0,
    end: '0 closed, 0 still open\n',
  });
});

it('what a decision does not fit stays open, is named, and the exit code says so (J4)', async () => {
  const { code, start } = await letters([
    'drop',
    '--code',
    'AddressUnknown',
    '--actor',
    'olga',
    '--reason',
    'x',
    '--apply',
  ]);
  expect(code).toBe(1);
  expect(start).toMatch(
    /only what a sink or Kafka's reader rejected can be dropped[^]*0 closed, 1 still open; repeat it with/,
  );
});
