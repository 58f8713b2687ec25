/** Documents say of each part that it is built, that it is absent, or which issue builds it. They promise nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const PROMISE = /\bnot\W+yet\b|\bcomes?\W+later\b|:\W*later\b|^\W*later\W*$/i;
const ISSUE = /#\d+/;

/** The cells of table rows, and the sentences of all other text; a sentence may run over several lines. */
function statementsOf(markdown: string): string[] {
  const rows: string[] = [];
  const prose = markdown.replaceAll(/^\|.*\|$/gm, (row) => {
    rows.push(...row.split('|').map((cell) => (ISSUE.test(row) ? `${cell} ${String(ISSUE.exec(row))}` : cell)));
    return '';
  });
  return [...rows, ...prose.replaceAll(/\n(?!\n)/g, ' ').split(/(?<=[.!?;])\s|\n\n/)];
}

/** The statements that promise a part without the issue that builds it. */
const promisesIn = (markdown: string): string[] =>
  statementsOf(markdown).filter((statement) => PROMISE.test(statement) && !ISSUE.test(statement));

const documents = [
  ...readdirSync(path.join(root, 'docs'), { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join('docs', file.split(path.sep).join('/'))),
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'src/saga/README.md',
];

it.each(documents)('%s promises nothing without the issue that builds it', (document) => {
  expect(promisesIn(readFileSync(path.join(root, document), 'utf8'))).toEqual([]);
});

describe('a promise without an issue is found', () => {
  it.each([
    ['in a sentence', 'Alerts are not yet built.'],
    ['in bold', 'Alerts: **not yet**.'],
    ['over a line break', 'Alerts are not\nyet built.'],
    ['in other words', 'Returns come later.'],
    ['behind a colon', 'Returns: later.'],
    ['in a cell of a table', '| Returns | later |'],
    ['in a cell with an explanation', '| Returns | **not yet**, see below |'],
  ])('%s', (_, text) => {
    expect(promisesIn(`Before.\n\n${text}\n\nAfter.`)).toHaveLength(1);
  });

  it.each([
    ['names its issue', 'Alerts are not yet built (#17).'],
    ['names its issue in the same row', '| Returns | later | #17 |'],
    ['says that the part is absent', 'Returns are not built.'],
    ['uses the word for a time', 'A later action is refused.'],
  ])('and a text that %s is none', (_, text) => {
    expect(promisesIn(text)).toEqual([]);
  });
});
