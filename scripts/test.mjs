// npm test [-- jest's arguments]: the suite; with UNWIND_TEST_REPORT=FILE its counts as JSON, for CI.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const report = process.env.UNWIND_TEST_REPORT;
const jest = path.join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const node = ['--experimental-vm-modules', '--no-warnings'];
const reporting = report ? ['--json', `--outputFile=${report}`] : [];
const { status } = spawnSync(process.execPath, [...node, jest, ...reporting, ...process.argv.slice(2)], {
  // jest prints the JSON to the standard output as well, which nobody reads.
  stdio: ['inherit', report ? 'ignore' : 'inherit', 'inherit'],
});
process.exit(status ?? 1);
