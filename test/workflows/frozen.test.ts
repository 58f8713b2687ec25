/** What running orders and everybody who reads their events rely on: histories never change, and names only grow. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SAGA_MESSAGES } from '../../src/saga/messages.js';
import * as workflows from '../../src/workflows/index.js';
import * as messages from '../../src/workflows/messages.js';
import { freeze, recordingsOf, thawedIn } from '../recording/frozen.js';

const ROOT = path.join(import.meta.dirname, '..', '..');

it('no committed history has changed, and each is frozen (rule 36)', () => {
  expect(thawedIn(path.join(ROOT, 'test', 'histories'))).toEqual([]);
});

describe('a folder of frozen histories', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'unwind-frozen-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (file: string, text: string): void => writeFileSync(path.join(folder, file), text);

  it('says which file was changed, taken away or added by hand, and what to do instead', () => {
    for (const file of ['a.json', 'b.json', 'c.json']) write(file, '{}');
    freeze(folder);
    expect(thawedIn(folder)).toEqual([]);
    write('a.json', '{ }');
    rmSync(path.join(folder, 'b.json'));
    write('d.json', '{}');
    expect(thawedIn(folder)).toEqual([
      expect.stringMatching(
        /^a\.json has changed: a committed history never changes: new paths add files .* patched\(\)/,
      ),
      expect.stringMatching(/^b\.json is gone: /),
      'd.json is not frozen: npm run histories:record freezes what it adds',
    ]);
    for (const file of ['a.json', 'b.json', 'c.json']) write(file, '{}');
    rmSync(path.join(folder, 'd.json'));
    expect(thawedIn(folder)).toEqual([]);
  });

  it('is added to by the recorder, which replaces no frozen file', () => {
    write('e.1.json', '{}');
    const known = ['a', 'b', 'c', 'e', 'new'];
    const plan = (names: string[], more: object = {}) => recordingsOf({ names, ...more }, known, folder);
    expect(plan([])).toEqual([{ path: 'new', as: 'new' }]);
    expect(plan(['new'])).toEqual([{ path: 'new', as: 'new' }]);
    for (const name of ['a', 'e']) expect(() => plan([name])).toThrow(/a committed history never changes/);
    expect(() => plan(['x'])).toThrow('There is no path x');
    expect(plan(['a', 'b'], { label: 'since-refunds' }).map(({ as }) => as)).toEqual([
      'a.since-refunds',
      'b.since-refunds',
    ]);
    write('a.since-refunds.json', '{}');
    expect(() => plan(['a'], { label: 'since-refunds' })).toThrow(/a committed history never changes/);
    expect(() => plan(['a'], { label: '2' })).toThrow(/is no label/);
    expect(plan([], { anew: true })).toHaveLength(known.length);
  });
});

const namesOf = (definitions: object, type: string): string[] =>
  Object.values(definitions).flatMap((definition: unknown) => {
    const { type: its, name } = Object(definition) as { type?: unknown; name?: unknown };
    return its === type && typeof name === 'string' ? [name] : [];
  });

/** The types of events are types alone, so they are read where they are declared. */
function eventTypes(): string[] {
  const source = readFileSync(path.join(ROOT, 'src', 'saga', 'journal', 'events.ts'), 'utf8');
  const [, declared = ''] = /interface Events \{\n(.*?)\n\}/s.exec(source) ?? [];
  return [...declared.matchAll(/^ {2}(\w+): /gm)].map(([, name = '']) => name);
}

const frozen = JSON.parse(readFileSync(path.join(import.meta.dirname, 'frozen-names.json'), 'utf8'));

const today = {
  workflows: Object.keys(workflows),
  queries: namesOf(SAGA_MESSAGES, 'query'),
  updates: namesOf(SAGA_MESSAGES, 'update'),
  events: eventTypes(),
  searchAttributes: namesOf(messages, 'KEYWORD'),
};

describe('names that stand in histories, stores and other systems only grow:', () => {
  it.each(Object.keys(today) as (keyof typeof today)[])('%s', (kind) => {
    const [now, before]: [string[], string[]] = [today[kind], frozen[kind]];
    // Renamed or dropped: bring it back, and let the new name stand beside it.
    expect(before.filter((name) => !now.includes(name))).toEqual([]);
    // Added: put it into frozen-names.json, in the same commit.
    expect(now.filter((name) => !before.includes(name))).toEqual([]);
    expect(now.length).toBeGreaterThan(0);
  });
});
