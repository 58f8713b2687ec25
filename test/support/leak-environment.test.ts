/** The check that each test file passes: it leaves no server, connection, process or timer open. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'unwind-leaks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PLANTED: Readonly<Record<string, string>> = {
  server: `it('listens', (done) => { require('node:http').createServer().listen(0, '127.0.0.1', done); });`,
  connection: `
    const net = require('node:net');
    const server = net.createServer();
    afterAll(() => { server.close(); });
    it('connects', (done) => { server.listen(0, () => { net.connect(server.address().port, '127.0.0.1', done); }); });`,
  // It ends with the pipe, thus with jest.
  process: `it('starts', () => { require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume()']); });`,
  timer: `it('waits', () => { setInterval(() => undefined, 1000); });`,
  'failed-test': `it('listens and fails', (done) => {
    require('node:net').createServer().listen(0, () => done(new Error('the cause')));
  });`,
  'closed-late': `
    const server = require('node:net').createServer();
    afterAll(() => { setTimeout(() => server.close(), 50); });
    it('listens', (done) => { server.listen(0, done); });`,
  unreferenced: `it('waits', () => { setInterval(() => undefined, 1000).unref(); });`,
};

interface Report {
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string }[];
}

let results: ReadonlyMap<string, { readonly status: string; readonly message: string }>;
let printed: string;
beforeAll(() => {
  mkdirSync(path.join(folder, 'planted'));
  for (const [name, text] of Object.entries(PLANTED))
    writeFileSync(path.join(folder, 'planted', `${name}.test.js`), text);
  const config = {
    rootDir: path.join(folder, 'planted'),
    testEnvironment: path.join(root, 'test', 'support', 'leak-environment.mjs'),
    testEnvironmentOptions: { leakWithin: 500 },
    transform: {},
    cacheDirectory: path.join(folder, 'cache'),
  };
  const report = path.join(folder, 'report.json');
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // The planted leaks keep the worker processes alive until jest ends those by force.
  const args = ['--maxWorkers=2', '--json', `--outputFile=${report}`, `--config=${JSON.stringify(config)}`];
  const node = ['--experimental-vm-modules', '--no-warnings'];
  printed = spawnSync(process.execPath, [...node, jest, ...args], { encoding: 'utf8', cwd: folder }).stderr;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  results = new Map(testResults.map((file) => [path.basename(file.name, '.test.js'), file]));
});

it.each([
  ['server', /server\.test\.js has left open: Server on 127\.0\.0\.1:\d+$/m],
  ['connection', /connection\.test\.js has left open: .*Socket to 127\.0\.0\.1:\d+/],
  ['process', /process\.test\.js has left open: .*ChildProcess \d+: .* -e process\.stdin\.resume\(\)/],
  ['timer', /timer\.test\.js has left open: 1 timer$/m],
])('a test file that leaves a %s open fails, and the file and what it left are named', (name, sentence) => {
  expect(results.get(name)).toMatchObject({ status: 'failed', message: expect.stringMatching(sentence) });
});

it('a test that fails is reported with its own reason, and what it left is printed beside that', () => {
  expect(results.get('failed-test')).toMatchObject({ status: 'failed', message: expect.stringContaining('the cause') });
  expect(printed).toMatch(/failed-test\.test\.js has left open: Server/);
});

it.each(['closed-late', 'unreferenced'])(
  'a test file passes that leaves nothing which keeps the process alive (%s)',
  (name) => {
    expect(results.get(name)).toMatchObject({ status: 'passed' });
  },
);
