/** The command `unwind conformance` as a terminal sees it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openInventory } from '../../src/services/inventory/service.js';
import { PARTICIPANTS } from '../services/participants.js';
import { run, type RunningService } from '../services/running-service.js';
import { startSmallParticipant, type SmallParticipant } from './small-participant.js';

const root = path.join(import.meta.dirname, '..', '..');
const [inventoryCase] = PARTICIPANTS;
let scratch: string;
let inventory: RunningService;
let small: SmallParticipant;

const file = (name: string, content: unknown): string => {
  const target = path.join(scratch, name);
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
  return target;
};

beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'unwind-conformance-'));
  inventory = await run(openInventory, { token: 'the-token' });
  await inventory.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);
  small = await startSmallParticipant({ bug: 'there is no tombstone' });
});
afterAll(async () => {
  await Promise.all([inventory.stop(), small.close()]);
  rmSync(scratch, { recursive: true, force: true });
});

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function unwind(
  args: readonly string[],
  onLine: (line: string, child: ChildProcess) => void = () => undefined,
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'scripts', 'unwind.mjs'), 'conformance', ...args], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      onLine(chunk.toString(), child);
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const bodies = (): string[] => [
  `--body=${file('b.json', inventoryCase?.body)}`,
  `--other-body=${file('o.json', inventoryCase?.otherMeanings[0])}`,
  `--refused-body=${file('r.json', inventoryCase?.refused)}`,
];

const preparations = () => {
  const url = `${inventory.url}/api/test/fail-next-request`;
  return {
    refuseAction: { method: 'POST', url, body: {} },
    refuseUndo: { method: 'POST', url, body: { operation: 'DELETE' } },
    allowUndo: { method: 'DELETE', url: `${inventory.url}/api/test/faults` },
  };
};

it('exits 0 and says so in its last line if all rules hold', async () => {
  const args = ['--token-file', file('token', 'the-token\n'), '--prepare', file('p.json', preparations())];
  const { code, out, err } = await unwind([`${inventory.url}/api/reservations/`, ...bodies(), ...args]);
  expect({ code, err, end: out.trim().split('\n').at(-1) }).toEqual({
    code: 0,
    err: '',
    end: '30 passed, 0 failed, 1 does not apply',
  });
  expect(out).toMatch(
    /What stays at the participant: its record of \d+ ids that begin with conformance-[0-9a-f]{8}, and 0 effects/,
  );
});

it('exits 2 with the three bodies alone, and lists what was not tried', async () => {
  const { code, out } = await unwind([`${inventory.url}/api/reservations`, ...bodies(), '--token', 'the-token']);
  expect({ code, end: out.trim().split('\n').at(-1) }).toEqual({
    code: 2,
    end: '27 passed, 0 failed, 3 not tried, 1 does not apply',
  });
  expect(out).toContain('not tried      rule 16 undo-afresh');
  expect(out).toContain('  give refuseUndo and allowUndo in --prepare');
});

it('exits 1 if a rule is broken, and prints the requests as curl lines that show it again', async () => {
  const body = file('small.json', { orderId: 'o-1', card: 'good', amount: 100 });
  const { code, out } = await unwind([`${small.url}/api/charges`, '--body', body]);
  expect(code).toBe(1);
  const [first = '', second = ''] = out.split('\n').filter((line) => line.startsWith('  curl '));
  expect(first).toMatch(/^ {2}curl -X DELETE 'http:[^']+-tombstone-1' # 200$/);
  // Pasted into a shell, under a fresh id.
  const again = [first, second].map((line) => line.replace('-tombstone-1', '-by-hand')).join('\n');
  const shell = spawn('sh', ['-c', again]);
  let answers = '';
  shell.stdout.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  await new Promise((resolve) => shell.on('close', resolve));
  expect(answers).toContain('"status":"fenced"');
  expect(answers).toContain('"status":"applied"');
});

it('gives the whole report as JSON', async () => {
  const body = file('small.json', { orderId: 'o-1', card: 'good', amount: 100 });
  const { code, out } = await unwind([`${small.url}/api/charges`, '--body', body, '--json']);
  const { results } = JSON.parse(out) as { results: { name: string; outcome: string }[] };
  expect({ code, failed: results.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name) }).toEqual({
    code: 1,
    failed: ['tombstone'],
  });
});

it('Ctrl-C ends it at the rule that is being tried, and what it has done is compensated, however long that takes', async () => {
  let interrupted = false;
  // Longer than other commands are given after a Ctrl-C.
  const fault = { mode: 'slow-answer', operation: 'DELETE', delayMs: 2_500 };
  const armed = await inventory.call('POST', '/api/test/fail-next-request', fault, {
    authorization: 'Bearer the-token',
  });
  expect(armed.status).toBe(200);
  const args = [`${inventory.url}/api/reservations`, ...bodies(), '--token', 'the-token', '--id-prefix', 'stopped'];
  const { code, out } = await unwind(args, (text, child) => {
    if (interrupted || !text.includes('probe-unknown')) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  expect(code).toBe(2);
  expect(out.trim().split('\n').at(-1)).toMatch(/^STOPPED: \d+ passed/);
  expect(await inventory.sql(`SELECT id FROM effects WHERE id LIKE 'stopped-%' AND status = 'applied'`)).toEqual([]);
});

it.each([
  [[], 'name the URL of the collection'],
  [['http://127.0.0.1:9/api/x'], '--body is missing'],
  [['http://127.0.0.1:9/api/x', '--body', '/nowhere.json'], '/nowhere.json cannot be read as JSON'],
  [
    ['http://127.0.0.1:9/api/x', '--body', 'package.json', '--without', 'refunds'],
    '--without is one of undo, collection',
  ],
  [
    ['http://127.0.0.1:9/api/x', '--body', 'package.json', '--concurrency', '1'],
    '--concurrency is a number from 2 to 100',
  ],
  [['http://127.0.0.1:9/api/x', '--body', 'package.json', '--prepare', 'package.json'], 'package.json: the whole'],
  [['http://127.0.0.1:9/api/x', '--body', 'package.json'], 'There is no answer from 127.0.0.1:9: ECONNREFUSED'],
])('%j: nothing is tried, one sentence says why', async (args, sentence) => {
  const { code, out, err } = await unwind(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(sentence);
  expect(err.trim().split('\n')).toHaveLength(1);
});
