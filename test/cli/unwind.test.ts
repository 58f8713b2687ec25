/** The bin `unwind` as a terminal sees it: by `npx --no unwind` in the package's own folder, without any registry. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'unwind-bin-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(cwd: string, command: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    // Nothing listens there: a command that has to be fetched fails.
    const npm = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_cache: path.join(scratch, 'cache') };
    const child = spawn(command, args, { cwd, env: { ...process.env, ...npm, NODE_OPTIONS: '' } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const unwind = (...args: string[]): Promise<Said> =>
  run(root, process.execPath, [path.join(root, 'scripts', 'unwind.mjs'), ...args]);

describe('the bin unwind', () => {
  it('runs by `npx --no unwind` in a clone, without a registry', async () => {
    const { code, out, err } = await run(root, 'npx', ['--no', 'unwind', 'help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('verify-books');
  });

  it("gets a command's options past npx", async () => {
    const { code, out } = await run(root, 'npx', ['--no', 'unwind', 'verify-books', '--help']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('unwind verify-books') });
  });

  it('says in one sentence that it is not built', async () => {
    const clone = path.join(scratch, 'clone');
    mkdirSync(path.join(clone, 'scripts'), { recursive: true });
    for (const file of ['package.json', 'scripts/unwind.mjs']) cpSync(path.join(root, file), path.join(clone, file));
    const { code, out, err } = await run(clone, 'npx', ['--no', 'unwind', 'help']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^unwind: it is not built yet: run `npm run build`[^\n]*\n$/);
  });

  it('lists each command with one line of help', async () => {
    const { code, out } = await unwind('--help');
    expect(code).toBe(0);
    for (const name of [
      'api-key',
      'conformance',
      'dead-letters',
      'forget',
      'journal-rebuild',
      'journal-verify',
      'parked',
      'start',
      'verify-books',
    ])
      expect(out).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
  });

  it.each([['nonsense'], ['toString'], ['__proto__']])('refuses the unknown command %s with the list', async (name) => {
    const { code, out, err } = await unwind(name);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`there is no command "${name}"`);
    expect(err).toContain('verify-books');
  });

  it('says how a command is used', async () => {
    const { code, out } = await unwind('dead-letters', '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/^unwind dead-letters .*\n.*ID/s);
  });

  it('answers a wrong option with one sentence and no stack', async () => {
    const { code, err } = await unwind('journal-verify', '--everything');
    expect(code).toBe(2);
    expect(err).toMatch(
      /^unwind journal-verify: Unknown option '--everything'[^\n]*`unwind journal-verify --help`\)\n$/,
    );
  });

  it.each([
    [['everything'], '"everything" is nothing that can be started'],
    [['worker', 'payment'], '"payment" is nothing that can be started'],
    [['toString'], '"toString" is nothing that can be started'],
  ])('starts nothing for `unwind start` with %j', async (args, sentence) => {
    const { code, out, err } = await unwind('start', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(`unwind start: ${sentence} (see \`unwind start --help\`)\n`);
  });

  it.each([
    [['--by', 'olga', '--reason', 'ticket 17'], 'say either --order or --customer.'],
    [['--order', '4711', '--customer', 'c-1', '--by', 'olga', '--reason', 'r'], 'say either --order or --customer.'],
    [['--order', 'order-4711', '--by', 'olga', '--reason', 'r'], '--order is not the id of an order.'],
    [['--order', '4711', '--reason', 'ticket 17'], '--by is missing: '],
    [['--customer', 'c-1', '--by', 'olga', '--reason', ' '], '--reason is missing: '],
    [['--customer', ' ', '--by', 'olga', '--reason', 'r'], '--customer is empty.'],
  ])('forgets nobody without who, whom and why: %j (P1)', async (args, sentence) => {
    const { code, out, err } = await unwind('forget', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`unwind forget: ${sentence}`);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('says what is missing in one sentence and no stack', async () => {
    const { code, err } = await run(scratch, process.execPath, [
      path.join(root, 'scripts', 'unwind.mjs'),
      'journal-verify',
    ]);
    expect(code).toBe(2);
    expect(err).toMatch(/^unwind journal-verify: [^\n]+\n$/);
  });
});
