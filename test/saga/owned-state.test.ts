/** Who writes what: each group of a run's state is written by the one file that run.ts names beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '../../src/saga');

const sources = new Map(
  readdirSync(FOLDER, { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('testing'))
    .map((file) => [file, readFileSync(path.join(FOLDER, file), 'utf8')] as const),
);

/** The groups of `openRun`, with the file that its comment names; a group without such a comment is never written. */
function groupsOf(source: string): Map<string, string | undefined> {
  const state = /export function openRun[\s\S]*?\n {2}return \{\n([\s\S]*?)\n {2}\};/.exec(source)?.[1] ?? '';
  const owners = new Map<string, string | undefined>();
  for (const [, comment = '', name = ''] of state.matchAll(/^(?: {4}\/\*\*(.*)\*\/\n)? {4}(\w+)[:,]/gm)) {
    owners.set(name, /[Ww]ritten by ([\w/-]+\.ts)/.exec(comment)?.[1]);
  }
  return owners;
}

/** Objects that stand in a group, by the names that they have in the sources. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  stack: ['entry'],
  calls: ['steerable', 'call'],
  steering: ['recorded'],
};

/** The names by which a source speaks of a group: its own, those of its parts that it takes out, and its members. */
function namesOf(group: string, code: string): string[] {
  const outOfIt = [
    ...code.matchAll(new RegExp(`\\{([^{}]*)\\} = (?:run\\.)?${group}\\b`, 'g')),
    ...code.matchAll(new RegExp(`\\b${group}: \\{([^{}]*)\\}[^{}]*\\}: Run\\b`, 'g')),
  ].flatMap(([, parts = '']) => parts.split(',').map((part) => part.split(':').at(-1)?.trim() ?? ''));
  return [group, ...outOfIt, ...(MEMBERS[group] ?? [])].filter((name) => /^[a-z]\w*$/i.test(name));
}

const CHANGES = 'push|pop|shift|unshift|splice|sort|reverse|fill|set|delete|add|clear';

function isWrittenIn(source: string, group: string): boolean {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return namesOf(group, code).some((name) => {
    const target = `(?<![\\w.])(?:run\\.)?${name}`;
    return [
      `${target}(?:\\.\\w+)+\\s*(?:=(?![=>])|[-+*]=|\\?\\?=|\\|\\|=|&&=|\\+\\+|--)`,
      `(?:\\+\\+|--|\\bdelete )(?:run\\.)?${name}\\.\\w`,
      `${target}(?:\\.\\w+)*\\.(?:${CHANGES})\\(`,
    ].some((pattern) => new RegExp(pattern).test(code));
  });
}

const groups = [...groupsOf(sources.get('run.ts') ?? '')];
const writersOf = (group: string): string[] =>
  [...sources].filter(([, source]) => isWrittenIn(source, group)).map(([file]) => file);

describe('the state of a run (rule 7)', () => {
  it('is grouped: journal, stack, calls, steering, hand-over and body have an owner, and the rest is never written', () => {
    expect(groups.filter(([, owner]) => owner !== undefined).map(([group]) => group)).toEqual([
      'journal',
      'stack',
      'calls',
      'steering',
      'handOver',
      'body',
    ]);
    expect(groups.filter(([, owner]) => owner === undefined).map(([group]) => group)).toEqual([
      'definition',
      'deadlineAt',
      'isCarried',
      'keeps',
      'scopes',
    ]);
  });

  it.each(groups.map(([group, owner]) => ({ group, owner: owner ?? 'no file' })))(
    'is written by its owner alone: $group by $owner',
    ({ group, owner }) => {
      expect(writersOf(group)).toEqual(owner === 'no file' ? [] : [owner]);
    },
  );

  it.each([
    ['run.journal.seq += 1;', 'journal'],
    ['const { journal } = run;\n++journal.seq;', 'journal'],
    ['const { entries } = run.journal;\nentries.push(entry2);', 'journal'],
    ['function f({ journal: { entries } }: Run) { entries.push(one); }', 'journal'],
    ['stack.entries = stack.entries.filter(isOther);', 'stack'],
    ["entry.outcome = 'applied';", 'stack'],
    ['delete steerable.pending;', 'calls'],
    ['run.calls.delete(step);', 'calls'],
    ['journal.storing ??= store(run);', 'journal'],
    ['body.isEnding = true;', 'body'],
  ])('would be seen written by another file: %s', (source, group) => {
    expect(isWrittenIn(source, group)).toBe(true);
  });

  it.each([
    ['if (journal.seq === seq) return journal.entries.some(isLast);', 'journal'],
    ['/* journal.seq = 1 */ // journal.seq = 2', 'journal'],
    ['const done = stack.entries.filter((one) => one.step !== step);', 'stack'],
    ['const isOver = (): boolean => handOver.isDecided;', 'handOver'],
  ])('may be read by any file: %s', (source, group) => {
    expect(isWrittenIn(source, group)).toBe(false);
  });
});
