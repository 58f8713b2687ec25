/** The result of one check. */
import { UnansweredError } from './caller.js';
import type { Check } from './check.js';
import { NotReached, Violation } from './expectations.js';
import type { ConformanceOptions, Outcome, Result, Sent } from './options.js';

export async function judge(
  check: Check,
  options: ConformanceOptions,
  results: ReadonlyMap<string, Result>,
  run: () => Promise<void>,
  sent: readonly Sent[],
): Promise<Result> {
  const { needs, applies, assumes = [] } = check;
  const result = (outcome: Outcome, more?: Partial<Result>): Result => resultOf(check, outcome, more);
  if (applies?.(options) === false) return result('doesNotApply');
  const broken = assumes.find((other) => ['failed', 'notReached'].includes(results.get(other)?.outcome ?? ''));
  if (broken !== undefined) return result('notReached', { why: `it builds on ${broken}` });
  if (needs?.isMet(options) === false) return result('notTried', { why: `give ${needs.what}` });
  try {
    await run();
    return result('passed');
  } catch (error) {
    if (options.stop?.aborted) return result('notReached', { why: 'stopped' });
    if (error instanceof NotReached) return result('notReached', { why: error.message, requests: sent });
    if (error instanceof Violation) {
      const requests = evidence(sent, options.url, error.url);
      return result('failed', { expected: error.expected, seen: error.seen, requests });
    }
    if (!(error instanceof UnansweredError)) throw error;
    return result('failed', { expected: AN_ANSWER, seen: error.message, requests: sent });
  }
}

/** The expectation that an unanswered request breaks. */
export const AN_ANSWER = 'an answer';

export const resultOf = ({ name, rule, sentence }: Check, outcome: Outcome, more?: Partial<Result>): Result => ({
  name,
  rule,
  sentence,
  outcome,
  ...more,
});

/** The most requests that a reader can take in; of concurrent requests, those about other effects are left out. */
const READABLE = 20;

function evidence(sent: readonly Sent[], collection: string, url: string | undefined): readonly Sent[] {
  if (url === undefined || sent.length <= READABLE) return sent;
  return sent.filter((each) => each.url === url || !each.url.startsWith(`${collection}/`));
}
