/** What a run prints as it goes: each line with the seconds since its start and the orders answered by then. */
import type { Check } from './judgement.js';
import type { Progress } from './progress.js';

export interface Story {
  readonly lines: readonly string[];
  /** A line without a time. */
  say(line: string): void;
  tell(line: string): void;
  follow(progress: Progress): void;
}

export function openStory(write: (text: string) => void): Story {
  const started = performance.now();
  const lines: string[] = [];
  let progress: Progress | undefined;
  const say = (line: string): void => {
    lines.push(line);
    write(`${line}\n`);
  };
  return {
    lines,
    say,
    tell: (line) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
      const orders = progress === undefined ? '' : `${String(progress.count).padStart(4)} orders  `;
      say(`${seconds} s  ${orders}${line}`);
    },
    follow: (followed) => {
      progress = followed;
    },
  };
}

const SHOWN = 10;

/** Each check with what is wrong, then the line that CI counts. */
export function describeChecks(checks: readonly Check[]): string[] {
  const failed = checks.filter(({ faults }) => faults.length > 0).length;
  return [
    ...checks.flatMap(({ name, faults }) => [
      `${faults.length === 0 ? 'passed' : 'FAILED'}  ${name}`,
      ...faults.slice(0, SHOWN).map((fault) => `          ${fault}`),
      ...(faults.length > SHOWN ? [`          … and ${faults.length - SHOWN} more`] : []),
    ]),
    `${checks.length - failed} passed, ${failed} failed`,
  ];
}
