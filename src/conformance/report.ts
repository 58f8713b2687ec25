/** The report as lines for people. */
import { curlOf } from './curl.js';
import type { ConformanceReport, Outcome, Result, Sent } from './options.js';

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'ok',
  failed: 'FAILED',
  notTried: 'not tried',
  notReached: 'not reached',
  doesNotApply: 'does not apply',
};

/** The most requests of a failed rule that are shown, and the most ids. */
const SHOWN = 20;

/** One line for a rule that holds. For a broken rule also the expectation, the observation and the requests. */
export function describeResult({ name, rule, sentence, outcome, ...more }: Result, withToken: boolean): string[] {
  const lines = [`${WORDS[outcome].padEnd(14)} rule ${String(rule).padEnd(2)} ${name}: ${sentence}`];
  if (more.why !== undefined) lines.push(`  ${more.why}`);
  if (more.expected !== undefined) lines.push(`  expected: ${more.expected}`, `  seen:     ${more.seen}`);
  const requests = collapsed(more.requests ?? []);
  const hidden = requests.length - SHOWN;
  if (hidden > 0) lines.push(`  # ${hidden} earlier requests`);
  for (const { sent, times } of requests.slice(-SHOWN)) {
    lines.push(`  ${curlOf(sent, withToken)} # ${sent.came}${times > 1 ? `, ${times} times` : ''}`);
  }
  return lines;
}

/** The effects and ids that the run leaves, and the number of rules that hold. */
export function describeEnd({ results, ids, named, remaining, stopped }: ConformanceReport): string[] {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  const others = (['notTried', 'notReached', 'doesNotApply'] as const)
    .filter((outcome) => count(outcome) > 0)
    .map((outcome) => `, ${count(outcome)} ${WORDS[outcome]}`);
  const standing = remaining.slice(0, SHOWN).map(({ id, why }) => `  ${id}: ${why}`);
  const more = remaining.length - SHOWN;
  return [
    `What stays at the participant: its record of ${named} ids that begin with ${ids}, and ${remaining.length} effects that stand.`,
    ...standing,
    ...(more > 0 ? [`  and ${more} more`] : []),
    `${stopped ? 'STOPPED: ' : ''}${count('passed')} passed, ${count('failed')} failed${others.join('')}`,
  ];
}

/** Collapses equal requests in a row with equal answers into one line. */
function collapsed(requests: readonly Sent[]): { sent: Sent; times: number }[] {
  const lines: { sent: Sent; times: number }[] = [];
  for (const sent of requests) {
    const last = lines.at(-1);
    const isSame =
      last !== undefined &&
      (['method', 'url', 'body', 'came'] as const).every((member) => last.sent[member] === sent[member]);
    if (isSame) last.times += 1;
    else lines.push({ sent, times: 1 });
  }
  return lines;
}
