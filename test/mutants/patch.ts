/** A planted bug: a patch to the real source, with a header that says which test must catch it (rule 35). */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Mutant {
  readonly name: string;
  readonly patchFile: string;
  /** The numbers of the saga rules that it breaks. */
  readonly rule: string;
  /** The source file that it changes. */
  readonly source: string;
  /** The one test file, and a part of the full names of those of its tests that must catch it. */
  readonly test: string;
  readonly testName: string;
  /** `survived` for a patch that changes nothing: a run that finds it caught is broken. */
  readonly expected: 'caught' | 'survived';
}

/** @throws Error naming the patch whose header or body lacks something */
export function readMutant(patchFile: string, text = readFileSync(patchFile, 'utf8')): Mutant {
  const name = path.basename(patchFile, '.patch');
  const found = (pattern: RegExp, what: string): string => {
    const value = pattern.exec(text)?.[1]?.trim();
    if (!value) throw new Error(`${name}: the patch has no line "${what}"`);
    return value;
  };
  const header = (key: string): string => found(new RegExp(`^${key}: (.+)$`, 'm'), `${key}: …`);
  header('Mistake');
  return {
    name,
    patchFile,
    rule: header('Rule'),
    source: found(/^\+\+\+ b\/(.+)$/m, '+++ b/…'),
    test: header('Test'),
    testName: header('Name'),
    expected: /^Expected: survived$/m.test(text) ? 'survived' : 'caught',
  };
}

/** All planted bugs, or those whose name contains `only` or one of its parts between commas, in the order of their tests. */
export function readMutants(folder: string, only = ''): Mutant[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch') && only.split(',').some((part) => file.includes(part)))
    .map((file) => readMutant(path.join(folder, file)))
    .toSorted((one, other) => one.test.localeCompare(other.test) || one.name.localeCompare(other.name));
}
