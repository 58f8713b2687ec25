/** CI's closing lines: the counts, and each failed test of each try by its name, since the middle of a log is not always kept. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-verdict-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Try {
  readonly status: number;
  readonly output?: string;
  /** Tests by name, with their status; a file without tests did not run. */
  readonly tests?: Readonly<Record<string, 'passed' | 'failed' | 'pending'>>;
}

function keep(part: string, kind: 'suite' | 'counted' | 'plain', ...tries: readonly Try[]): void {
  writeFileSync(path.join(folder, `${part}.kind`), `${kind}\n`);
  for (const [index, { status, output = '', tests }] of tries.entries()) {
    const write = (ending: string, text: string) =>
      writeFileSync(path.join(folder, `${part}.${index + 1}.${ending}`), text);
    write('status', `${status}\n`);
    write('output', output);
    if (tests) write('json', JSON.stringify(reportOf(tests)));
  }
}

function reportOf(tests: NonNullable<Try['tests']>) {
  const results = Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
  const count = (wanted: string): number => results.filter(({ status }) => status === wanted).length;
  const status = results.length > 0 && count('failed') === 0 ? 'passed' : 'failed';
  const file = {
    name: path.join(root, 'test', 'a.test.ts'),
    status,
    message: '\nno module b\n',
    assertionResults: results,
  };
  return { numPassedTests: count('passed'), numFailedTests: count('failed'), testResults: [file] };
}

function close() {
  const script = path.join(root, 'scripts', 'ci-verdict.mjs');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
  return { lines: `${stdout}${stderr}`.trimEnd().split('\n'), status };
}

it('a run whose parts all passed ends with the sum of their counts, and exit code 0', () => {
  keep('install', 'plain', { status: 0 });
  keep('verify', 'suite', { status: 0, tests: { one: 'passed', two: 'passed' } });
  keep('replay', 'counted', { status: 0, output: 'replayed  a\n40 passed, 0 failed\n' });
  expect(close()).toEqual({ lines: ['42 passed, 0 failed'], status: 0 });
});

it('a test that failed at the first try alone is named, its part needed a second try, and the second try is counted', () => {
  keep(
    'api',
    'suite',
    { status: 1, tests: { 'an order is placed': 'failed', two: 'passed' } },
    { status: 0, tests: { 'an order is placed': 'passed', two: 'passed' } },
  );
  expect(close()).toEqual({
    lines: [
      'failed at try 1 of api: test/a.test.ts: an order is placed',
      'needed a second try: api',
      '2 passed, 0 failed',
    ],
    status: 0,
  });
});

it('tests that failed at both tries are named for each try, and fail the run with their part', () => {
  const broken = { status: 1, tests: { one: 'failed', two: 'passed' } } as const;
  keep('api', 'suite', { status: 1, tests: { three: 'failed' } }, broken);
  expect(close()).toEqual({
    lines: [
      'failed at try 1 of api: test/a.test.ts: three',
      'failed at try 2 of api: test/a.test.ts: one',
      'needed a second try: api',
      'failed part: api',
      '1 passed, 2 failed',
    ],
    status: 1,
  });
});

it('a test file that did not run is named with the reason', () => {
  keep('api', 'suite', { status: 1, tests: {} }, { status: 0, tests: { one: 'passed' } });
  expect(close().lines[0]).toBe('failed at try 1 of api: test/a.test.ts: did not run: no module b');
});

it('what planted bugs, chaos and replayed histories print as failed is named, and their last line is counted', () => {
  keep('mutants', 'counted', { status: 1, output: '✓ a: caught, 3 s\n✗ b: survived, 4 s\n\n9 passed, 1 failed\n' });
  keep('chaos', 'counted', { status: 1, output: 'passed  c\nFAILED  no order is lost\n5 passed, 1 failed\n' });
  expect(close()).toEqual({
    lines: [
      'failed at try 1 of chaos: FAILED  no order is lost',
      'failed part: chaos',
      'failed at try 1 of mutants: ✗ b: survived, 4 s',
      'failed part: mutants',
      '14 passed, 4 failed',
    ],
    status: 1,
  });
});

it('a part that failed without a failed test shows its last lines', () => {
  keep('verify', 'suite', { status: 2, output: 'src/a.ts(1,1): error TS1\n' }, { status: 0, tests: { one: 'passed' } });
  expect(close()).toEqual({
    lines: [
      'failed at try 1 of verify: exit 2, and no test is known to have failed. Its last lines:',
      'failed at try 1 of verify:     src/a.ts(1,1): error TS1',
      'needed a second try: verify',
      '1 passed, 0 failed',
    ],
    status: 0,
  });
});

it.each(['suite', 'counted'] as const)('a part (%s) that counts nothing fails the run', (kind) => {
  keep('verify', 'suite', { status: 0, tests: { one: 'passed' } });
  keep('silent', kind, { status: 0 });
  expect(close()).toEqual({ lines: ['no count: silent', '1 passed, 1 failed'], status: 1 });
});

it('skipped tests are named and counted', () => {
  keep('verify', 'suite', { status: 0, tests: { one: 'passed', 'on a machine with Kafka': 'pending' } });
  expect(close()).toEqual({
    lines: ['skipped: on a machine with Kafka', '1 passed, 0 failed, 1 skipped'],
    status: 0,
  });
});

it('a part that was begun and never ended fails the run', () => {
  keep('verify', 'suite', { status: 0, tests: { one: 'passed' } });
  keep('api', 'suite');
  expect(close().status).toBe(1);
});
