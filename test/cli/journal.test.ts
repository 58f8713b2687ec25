/** `journal-rebuild` and `journal-verify` at a terminal: dry first, what they say, and their exit codes (J1, J9). */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Client } from 'pg';
import { openJournal } from '../../src/journal/write/journal.js';
import { batchOf, CLOSING, entriesOf, HAPPY } from '../journal/entries.js';
import { createDatabase, type OwnDatabase } from '../support/database.js';

const root = path.join(import.meta.dirname, '..', '..');
const SAGAS = ['order-a', 'order-b', 'order-c', 'order-d'];

let url: string;
/** The commands read the schema `journal`, so they get a database of their own. */
let own: OwnDatabase;
let inside: Client;
beforeAll(async () => {
  own = await createDatabase('journals');
  url = own.url;
  inside = new Client({ connectionString: url, options: '-c search_path=journal' });
  await inside.connect();
});
beforeEach(async () => {
  await inside.query('DROP SCHEMA IF EXISTS journal CASCADE');
  const journal = openJournal({ databaseUrl: url, askRun: async () => ({ standing: 'current' }) });
  for (const saga of SAGAS) await journal.append(batchOf(saga, entriesOf(HAPPY), { required: true, closing: CLOSING }));
  await journal.close();
});
afterAll(async () => {
  await inside.end();
  await own.drop();
});

function unwind(...args: string[]): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DATABASE_URL: url, NODE_OPTIONS: '', MIGRATION_LOCK_WAIT: '1s' };
    const child = spawn(process.execPath, [path.join(root, 'dist', 'cli', 'unwind.js'), ...args], { cwd: root, env });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
  });
}

const rows = async () => (await inside.query('SELECT * FROM sagas ORDER BY saga_id')).rows as unknown[];

it('a journal without faults needs no repair, and nothing in it is changed (J2)', async () => {
  const before = await rows();
  expect(await unwind('journal-verify', '--events-only')).toEqual({
    code: 0,
    out: '4 sagas, 4 of them without a history to compare with\nThe journal agrees.\n',
  });
  expect(await unwind('journal-rebuild', '--events-only', '--apply')).toEqual({
    code: 0,
    out: '4 sagas, 0 mended, 0 of them from their histories; 0 kept with what cannot be proved\n',
  });
  expect(await rows()).toEqual(before);
});

it('a rebuild shows first, and writes with --apply only (J1)', async () => {
  const before = await rows();
  await inside.query(`DELETE FROM sagas WHERE saga_id = 'order-b'`);
  const shown = await unwind('journal-rebuild', '--events-only');
  expect(shown.code).toBe(1);
  expect(shown.out).toMatch(
    /^WOULD MEND: order-b: it has events and no row\n4 sagas, 1 would be mended[^]*--apply does it/,
  );
  expect(await rows()).toHaveLength(3);
  const done = await unwind('journal-rebuild', '--events-only', '--apply');
  expect(done.code).toBe(0);
  expect(done.out).toMatch(/^MENDED: order-b: it has events and no row\n/);
  const blind = (all: unknown[]) => all.map((row) => ({ ...(row as object), changed_at: null }));
  expect(blind(await rows())).toEqual(blind(before));
});

it('an event that is lost for good costs nothing but itself, and never reads as agreement (J1)', async () => {
  const before = await rows();
  await inside.query(`DELETE FROM saga_events WHERE saga_id = 'order-c' AND seq = 5`);
  for (let times = 0; times < 2; times++) {
    const { code, out } = await unwind('journal-rebuild', '--events-only', '--apply');
    expect(code).toBe(1);
    expect(out).toContain('KEPT: order-c: event 5 is missing\n');
    expect(await rows()).toEqual(before);
  }
  const { code, out } = await unwind('journal-verify', '--events-only');
  expect(code).toBe(1);
  expect(out).toContain('DIFFERENCE: order-c: event 5 is missing\n');
});

it('a comparison that is ended early has printed its findings, and can be resumed at its end (J9, rule 53)', async () => {
  await inside.query(`DELETE FROM sagas WHERE saga_id = 'order-d'`);
  const rest = await unwind('journal-verify', '--events-only', '--after', 'order-b');
  expect(rest.code).toBe(1);
  expect(rest.out).toMatch(/^DIFFERENCE: order-d: it has events and no row\n2 sagas/);
  expect(await unwind('journal-verify', '--events-only', '--after', 'order-d')).toMatchObject({ code: 0 });
});
