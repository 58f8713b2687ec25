// node scripts/ci-verdict.mjs FOLDER: CI's closing lines, from what `.ci/run` keeps of each try of each part:
//   NAME.kind           suite (a jest report), counted (a last line `N passed, N failed`) or plain (counts nothing)
//   NAME.TRY.status     the exit code of this try, 1 or 2; the last one counts
//   NAME.TRY.json       jest's report      NAME.TRY.output     what the try printed
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder] = process.argv.slice(2);
/** Lines of the output that are shown of a try whose failed tests are not known: of the compiler or the linter, say. */
const LINES_SHOWN = 20;

const read = (name) => {
  const file = path.join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const root = path.join(import.meta.dirname, '..');
const firstLine = (text) => text.split('\n').find((line) => line.trim() !== '') ?? '';

const partNames = readdirSync(folder)
  .filter((file) => file.endsWith('.kind'))
  .map((file) => path.basename(file, '.kind'))
  .sort();

function readTry(part, number) {
  const status = read(`${part}.${number}.status`);
  if (status === undefined) return undefined;
  const json = read(`${part}.${number}.json`);
  return {
    number,
    status: Number(status),
    report: json && JSON.parse(json),
    output: read(`${part}.${number}.output`) ?? '',
  };
}

/** The failed tests of a jest report, by full name; a file that could not run is named with the reason. */
const failedTestsOf = ({ testResults }) =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = path.relative(root, name);
    const failed = assertionResults.filter((result) => result.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [`${file}: did not run: ${firstLine(message)}`];
    return failed.map(({ fullName }) => `${file}: ${fullName}`);
  });

/** What a part that counts by itself marks as failed: `FAILED  …` of replay and chaos, `✗ …` of planted bugs. */
const markedIn = (output) => output.split('\n').filter((line) => /^(?:FAILED|✗) /.test(line));

function failuresOf({ status, report, output }) {
  const failed = report ? failedTestsOf(report) : markedIn(output);
  if (failed.length > 0) return failed;
  const last = output.trimEnd().split('\n').slice(-LINES_SHOWN);
  return [`exit ${status}, and no test is known to have failed. Its last lines:`, ...last.map((line) => `    ${line}`)];
}

/** Passed and failed of the try that counts; undefined if it has none, although it should. */
function countsOf(kind, { report, output }) {
  if (kind === 'plain') return { passed: 0, failed: 0 };
  if (kind === 'suite') return report && { passed: report.numPassedTests, failed: report.numFailedTests };
  const counts = /^(\d+) passed, (\d+) failed$/.exec(output.trimEnd().split('\n').at(-1) ?? '');
  return counts ? { passed: Number(counts[1]), failed: Number(counts[2]) } : undefined;
}

let [passed, failed] = [0, 0];
const skipped = [];
const lines = [];
for (const part of partNames) {
  const kind = read(`${part}.kind`).trim();
  const tries = [1, 2].map((number) => readTry(part, number)).filter((each) => each !== undefined);
  const last = tries.at(-1);
  for (const each of tries)
    if (each.status !== 0)
      for (const line of failuresOf(each)) lines.push(`failed at try ${each.number} of ${part}: ${line}`);
  if (tries.length > 1) lines.push(`needed a second try: ${part}`);
  const counts = last && countsOf(kind, last);
  // A part that counts nothing has proved nothing.
  const proved = counts !== undefined && (kind === 'plain' || counts.passed > 0);
  if (!proved) lines.push(`no count: ${part}`);
  if (last?.status !== 0) lines.push(`failed part: ${part}`);
  if (!proved || last?.status !== 0) failed += 1;
  passed += counts?.passed ?? 0;
  failed += counts?.failed ?? 0;
  for (const { assertionResults } of last?.report?.testResults ?? [])
    for (const { status, fullName } of assertionResults)
      if (status === 'pending' || status === 'todo') skipped.push(fullName);
}
for (const name of skipped) lines.push(`skipped: ${name}`);
if (passed === 0) failed += 1;
lines.push(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
console.log(lines.join('\n'));
process.exit(failed === 0 ? 0 : 1);
