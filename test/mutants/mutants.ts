/**
 * Plants each bug of this folder in a copy of the source, runs the one test that must catch it, and expects it to fail
 * (rule 35): a suite that stays green with the bug in is broken. First each of these tests is run without any bug.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startSharedServers } from '../support/shared-servers.js';
import { makeCopy, type Copy } from './copy.js';
import { judge, type Finding } from './judge.js';
import { readMutants, type Mutant } from './patch.js';

const ROOT = path.join(import.meta.dirname, '..', '..');
const MINUTE = 60_000;
/** Two at a time, in a copy each. */
const COPIES = 2;

interface Row {
  readonly mutant: Mutant;
  readonly result: 'caught' | 'survived' | 'undecided';
  readonly why: string;
  readonly seconds: number;
}

const isRight = ({ mutant, result }: Row): boolean => result === mutant.expected;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { only: { type: 'string' } } });
  const mutants = readMutants(import.meta.dirname, values.only);
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'unwind-mutants-'));
  const stopServers = await startSharedServers();
  const end = async (): Promise<void> => {
    await stopServers();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('SIGINT', () => void end().finally(() => process.exit(130)));
  try {
    const copies = Array.from({ length: COPIES }, (_, index) => makeCopy(ROOT, path.join(folder, `copy-${index}`)));
    return report(await tryAll(mutants, copies));
  } finally {
    await end();
  }
}

async function tryAll(mutants: readonly Mutant[], copies: readonly Copy[]): Promise<Row[]> {
  const control = await runControl(mutants, copies);
  const queue = [...mutants];
  const rows: Row[] = [];
  const work = async (copy: Copy): Promise<void> => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const row = await tryMutant(mutant, copy, control.get(mutant.name));
      rows.push(row);
      tell(`${isRight(row) ? '✓' : '✗'} ${mutant.name}: ${row.result}, ${row.seconds} s ${row.why}`);
    }
  };
  await Promise.all(copies.map(work));
  return mutants.flatMap(({ name }) => rows.filter(({ mutant }) => mutant.name === name));
}

/** All targeted tests at once, without any bug, by the bug's name: what fails here, twice, can catch nothing. */
async function runControl(mutants: readonly Mutant[], [copy]: readonly Copy[]): Promise<Map<string, Finding>> {
  const started = performance.now();
  const findings = new Map<string, Finding>();
  for (let tries = 0, left = mutants; tries < 2 && left.length > 0; tries++) {
    const files = [...new Set(left.map(({ test }) => test))];
    const names = [...new Set(left.map(({ testName }) => escaped(testName)))];
    const report = await copy?.runTests(files, `(${names.join('|')})`, 10 * MINUTE);
    for (const { name, test, testName } of left) findings.set(name, judge(report, test, testName));
    left = left.filter(({ name }) => findings.get(name)?.kind !== 'passed');
    for (const { name } of left) tell(`${name}, without the bug: ${findings.get(name)?.why}`);
  }
  tell(`The targeted tests of ${mutants.length} bugs, without any: ${secondsSince(started)} s`);
  return findings;
}

async function tryMutant(mutant: Mutant, copy: Copy, control: Finding | undefined): Promise<Row> {
  const started = performance.now();
  const { test, testName, patchFile } = mutant;
  const row = (result: Row['result'], why: string): Row => ({ mutant, result, why, seconds: secondsSince(started) });
  if (control?.kind !== 'passed') return row('undecided', `without the bug: ${control?.why}`);
  try {
    copy.plant(patchFile);
  } catch (error) {
    return row('undecided', error instanceof Error ? error.message : String(error));
  }
  const runOnce = async (): Promise<Finding> =>
    judge(await copy.runTests([test], escaped(testName), 3 * MINUTE), test, testName);
  const first = await runOnce();
  // A busy machine may be too slow for a set-up.
  const finding = first.kind === 'undecided' ? await runOnce() : first;
  copy.uproot(patchFile);
  const why = finding === first ? finding.why : `${finding.why} (at first: ${first.why})`;
  return row(finding.kind === 'passed' ? 'survived' : finding.kind, why);
}

function report(rows: readonly Row[]): number {
  const cells = rows.map(({ mutant, result, seconds }) => [
    mutant.name,
    mutant.rule,
    mutant.source,
    `${mutant.test}: ${mutant.testName}`,
    result + (mutant.expected === 'survived' ? ' (expected)' : ''),
    String(seconds),
  ]);
  const head = ['bug', 'rule', 'file', 'targeted test', 'result', 's'];
  tell();
  for (const line of [head, head.map(() => '---'), ...cells]) tell(`| ${line.join(' | ')} |`);
  tell();
  const wrong = rows.filter((row) => !isRight(row));
  for (const { mutant, result, why } of wrong) tell(`${mutant.name}: ${result}. ${why}`);
  // Nothing planted proves nothing.
  const failed = rows.length === 0 ? 1 : wrong.length;
  tell(`${rows.length - wrong.length} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const tell = (line = ''): void => void process.stdout.write(`${line}\n`);

const secondsSince = (started: number): number => Math.round((performance.now() - started) / 1000);

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
