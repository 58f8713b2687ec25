/** docs/words.md has the words of which the types that rooms use of one another are named; the README shows its first ten. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sourcesOf } from './english.js';

const root = path.join(import.meta.dirname, '..', '..');
const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()))
    .filter(([word = '']) => word !== 'word' && !word.startsWith('---'));

const glossary = rowsOf(readFileSync(path.join(root, 'docs', 'words.md'), 'utf8'));
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** Words that mean in code what they mean everywhere, and names of others' products. */
const PLAIN = new Set(
  (
    'api auth code config database deps detail error field file filter header id input item key kind limit name option plan price ' +
    'query report request role row setting start store subject system target token unit url verb view ' +
    'activity address ask change extent logged look place metadata money reason resolve shipping steer ' +
    'accepted appended confirmed incoming invalid kept measured open outgoing placed pool sent started stored unanswered unavailable unreadable ' +
    'how to kafka temporal tls'
  ).split(' '),
);

const words = new Set([...PLAIN, ...glossary.flatMap(([word = '']) => word.split(' '))]);

const roomOf = (file: string): string => file.split('/')[1] ?? '';

/** The names of types that one room exports and another one imports. */
function sharedTypes(): string[] {
  const sources = sourcesOf('src');
  const exported = new Set(
    sources.flatMap(({ file, text }) =>
      [...text.matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(([, name]) => `${file}:${name}`),
    ),
  );
  const shared = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)\.js'/gm)].flatMap(
      ([, names = '', from = '']) => {
        const target = `${path.posix.join(path.posix.dirname(file), from)}.ts`;
        return roomOf(target) === roomOf(file)
          ? []
          : names
              .split(',')
              .map((name) =>
                name
                  .trim()
                  .replace(/^type /, '')
                  .replace(/ as .*/, ''),
              )
              .filter((name) => exported.has(`${target}:${name}`));
      },
    ),
  );
  return [...new Set(shared)].toSorted();
}

/** The words of `SagaStatus` are `saga` and `status`; a plural counts as its singular. */
function unknownWordsOf(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z][a-z]+/g) ?? [])
    .map((word) => word.toLowerCase())
    .filter((word) => ![word, word.replace(/s$/, ''), word.replace(/ies$/, 'y')].some((form) => words.has(form)));
}

it('each row of docs/words.md has one word, one sentence and a place in code, and no word has two rows', () => {
  expect(glossary.length).toBeGreaterThan(40);
  expect(glossary.filter((row) => row.length !== 3 || !/^`src\/[\w./-]+`$/.test(row[2] ?? ''))).toEqual([]);
  expect(new Set(glossary.map(([word]) => word)).size).toBe(glossary.length);
});

it('the README shows the first ten words of docs/words.md, with the same meanings', () => {
  const section = readme.slice(readme.indexOf('\n## Words'));
  const shown = rowsOf(section.slice(0, section.indexOf('\n## ', 1))).map((row) => row.slice(0, 2));
  expect(shown).toEqual(glossary.slice(0, 10).map((row) => row.slice(0, 2)));
});

it('each type that a room uses of another one is named by words of docs/words.md, or by plain ones', () => {
  const types = sharedTypes();
  expect(types.length).toBeGreaterThan(50);
  expect(types.map((name) => [name, ...unknownWordsOf(name)]).filter(([, ...unknown]) => unknown.length > 0)).toEqual(
    [],
  );
});

it.each([
  ['SagaLane', ['lane']],
  ['WireOptions', ['wire']],
  ['StoredEvents', []],
  ['TLSFiles', []],
])('the name %s has the unknown words %j', (name, unknown) => {
  expect(unknownWordsOf(name)).toEqual(unknown);
});
