/** The table of the rules is whole, and what it names is there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const text = readFileSync(path.join(root, 'docs', 'saga.md'), 'utf8');
const rows = [...text.slice(text.indexOf('\n## The rules')).matchAll(/^\| +(\d+) +\| (.+?) +\| (.+?) +\|$/gm)].map(
  ([, number, rule = '', kept = '']) => ({ number: Number(number), rule, kept }),
);

it('docs/saga.md has the 55 rules, each once and in order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 55 }, (_, index) => index + 1));
});

it.each(rows)('rule $number names a test, or the issue that brings it: $kept', ({ rule, kept }) => {
  expect(rule.length).toBeGreaterThan(20);
  const tests = [...kept.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(tests.filter((file) => !file.endsWith('.test.ts') || !existsSync(path.join(root, file)))).toEqual([]);
  const issues = [...kept.matchAll(/#(\d+)/g)].map(([, issue]) => Number(issue));
  expect(issues.filter((issue) => issue < 15 || issue > 21)).toEqual([]);
  expect(tests.length + issues.length).toBeGreaterThan(0);
  expect(kept).not.toMatch(/later|not yet/i);
});

it.each(rows)(
  'a named test of rule $number is about it: it cites the rule or says so in its words',
  ({ number, kept }) => {
    const cited = [...kept.matchAll(/`(test\/[^`]+)`/g)].flatMap(([, file = '']) => {
      const numbers = readFileSync(path.join(root, file), 'utf8').matchAll(/rules? ((?:\d+(?:, | and )?)+)/g);
      return [...numbers].flatMap(([, list = '']) => list.split(/, | and /).map(Number));
    });
    const hasTests = kept.includes('`test/');
    expect(!hasTests || cited.includes(number) ? [] : [`no named test cites rule ${number}`]).toEqual([]);
  },
);
