/** What a jest report says of a planted bug. */
import { stripVTControlCharacters } from 'node:util';

/** The part of jest's JSON report that is read. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    /** Why a file did not run at all. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** `undecided`: neither did the tests pass, nor did an assertion fail; the run says nothing of the bug. */
export type Finding =
  { readonly kind: 'passed' | 'caught'; readonly why: string } | { readonly kind: 'undecided'; readonly why: string };

/**
 * Caught is what an assertion of a targeted test failed on. A file that does not compile, a name that no test has, a
 * set-up that failed and a time-out are not: the bug may not even have been reached.
 */
export function judge(report: Report | undefined, test: string, testName: string): Finding {
  const file = report?.testResults.find(({ name }) => name.endsWith(`/${test}`));
  if (!file) return { kind: 'undecided', why: `${test} was not run to its end` };
  const tests = file.assertionResults.filter(({ fullName }) => fullName.includes(testName));
  const run = tests.filter(({ status }) => status === 'passed' || status === 'failed');
  if (run.length === 0) {
    const why = tests.length === 0 && file.message ? firstLine(file.message) : `no test was run that is named so`;
    return { kind: 'undecided', why: `${test}, ${testName}: ${why}` };
  }
  const failed = run.filter(({ status }) => status === 'failed').map(({ failureMessages }) => failureMessages ?? []);
  if (failed.length === 0) return { kind: 'passed', why: '' };
  const errored = failed.find((messages) => !messages.some(isAssertion));
  if (errored) return { kind: 'undecided', why: `no assertion failed, but: ${firstLine(errored[0] ?? 'no message')}` };
  return { kind: 'caught', why: firstLine(failed.flat().find(isAssertion) ?? '') };
}

/** Every failed `expect` begins with a hint of how it was called. */
const isAssertion = (message: string): boolean =>
  /^(\w*Error: )?expect\(/.test(stripVTControlCharacters(message).trimStart());

const firstLine = (message: string): string =>
  stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '') ?? '';
