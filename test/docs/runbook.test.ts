/** docs/runbook.md has a section for each alert, which the alert's link names (rule 46). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ALERT_KINDS, runbookOf, type AlertKind } from '../../src/background/watch/alert-kinds.js';

const runbook = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
const sections = new Map(
  runbook
    .split('\n## ')
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n'))] as const),
);

it.each([...Object.keys(ALERT_KINDS), 'DatabaseAway'])('the alert %s has a section of the runbook', (kind) => {
  const section = sections.get(kind);
  expect(section).toMatch(/\*\*Means\.\*\* /);
  expect(section).toMatch(/\*\*Do\.\*\* /);
  expect(section).toMatch(/\*\*Ends\*\* /);
});

it('the link of an alert is the heading of its section, as GitHub makes anchors', () => {
  for (const kind of Object.keys(ALERT_KINDS) as AlertKind[]) {
    expect(runbookOf(kind)).toBe(`docs/runbook.md#${kind.toLowerCase()}`);
  }
});
