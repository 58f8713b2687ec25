// node scripts/test.mjs [SUITE] [options] [jest's arguments]: a suite of test/suites.mjs; without its name the one that the
// named files belong to, else `quick`. With UNWIND_TEST_REPORT=FILE its counts as JSON, for CI.
//   --runs N --seed S   of what is generated        --path P --reproduce   plays one generated run again, and tells it
//   --pictures          of desk: takes the pictures of the README
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ensureBuilt } from './build.mjs';
import { suiteOf, SUITES } from '../test/suites.mjs';

const root = path.join(import.meta.dirname, '..');
/** Jest's sentence when something keeps it alive: it would wait for ever. */
const HANGS = 'Jest did not exit one second after';
/**
 * Jest's sentence about a worker process that has not ended within half a second, and was ended by force. A busy machine is
 * as slow without a leak, so that the sentence is repeated at the end and fails nothing: test/support/leak-environment.mjs
 * fails a file that leaves something open.
 */
const FORCED = 'A worker process has failed to exit gracefully';

const settings = {};
const values = { '--runs': 'UNWIND_RUNS', '--seed': 'UNWIND_SEED', '--path': 'UNWIND_PATH' };
const rest = [];
const given = process.argv.slice(2);
const named = given.length > 0 && Object.hasOwn(SUITES, given[0]) ? given.shift() : undefined;
while (given.length > 0) {
  const argument = given.shift();
  if (argument in values) settings[values[argument]] = given.shift() ?? '';
  else if (argument === '--reproduce') settings.UNWIND_REPRODUCE = '1';
  else if (argument === '--pictures') settings.UNWIND_PICTURES = path.join(root, 'docs', 'pictures');
  else rest.push(argument);
}
if (settings.UNWIND_REPRODUCE && rest.length === 0) rest.push('proof/schedules.test');

const files = rest.filter((argument) => existsSync(argument)).map((file) => path.relative(root, path.resolve(file)));
const suites = new Set(named === undefined ? files.map(suiteOf) : [named]);
if (suites.size > 1) {
  console.error(`These files belong to several suites (${[...suites].join(', ')}): run one after the other.`);
  process.exit(2);
}
const [suite = 'quick'] = suites;
// A planted bug need not compile: its copy has no dist/.
if (SUITES[suite].built && !process.env.UNWIND_UNBUILT) ensureBuilt();

const report = process.env.UNWIND_TEST_REPORT;
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const node = ['--experimental-vm-modules', '--no-warnings'];
const reporting = report ? ['--json', `--outputFile=${report}`] : [];
const child = spawn(process.execPath, [...node, jest, ...reporting, ...rest], {
  cwd: root,
  env: { ...process.env, ...settings, UNWIND_SUITE: suite, ...(process.stderr.isTTY && { FORCE_COLOR: '1' }) },
  // jest prints the JSON to the standard output as well, which nobody reads.
  stdio: ['inherit', report ? 'ignore' : 'inherit', 'pipe'],
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
let [hangs, forced] = [false, false];
child.stderr.on('data', (chunk) => {
  process.stderr.write(chunk);
  forced ||= chunk.includes(FORCED);
  hangs ||= chunk.includes(HANGS);
  if (hangs) child.kill('SIGKILL');
});
child.on('close', (status) => {
  if (forced) console.error(`warning: "${FORCED}"`);
  if (hangs) console.error(`failed: a test has left something running ("${HANGS}")`);
  process.exit(hangs ? 1 : (status ?? 1));
});
