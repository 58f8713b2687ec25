/** The walls between the rooms: an allow-list, held by the imports of every source (ARCHITECTURE.md). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cyclesIn, forbidden, importsOf, roomOf, targetOf, type Import } from './check.js';
import { BESIDE, ROOMS, type Room } from './rooms.js';

const root = path.join(import.meta.dirname, '..', '..');

const files = ['src', 'test', 'bench', 'examples', 'scripts']
  .flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map((file) => `${top}/${file}`),
  )
  .filter((file) => /\.[mc]?[jt]sx?$/.test(file) && !file.includes('node_modules/'));
const imports = files.flatMap((file) => importsOf(file, readFileSync(path.join(root, file), 'utf8')));

/** `.js` of an import may be a `.ts`, `.tsx` or `.mjs` on disk. */
const onDisk = (target: string): string =>
  [target, target.replace(/\.ts$/, '.tsx'), target.replace(/\.ts$/, '.js')].find((each) =>
    existsSync(path.join(root, each)),
  ) ?? target;

const fileOf = (room: Room): string =>
  room.path.endsWith('/') ? `${room.path}planted.ts` : room.path.replace(/(\.ts)?$/, '.ts');
const depth = (file: string): string => '../'.repeat(file.split('/').length - 1);
const arrowTo = (from: Room, to: Room): string => `${depth(fileOf(from))}${fileOf(to).replace(/\.ts$/, '.js')}`;
const planted = (from: Room, text: string): (string | undefined)[] => importsOf(fileOf(from), text).map(forbidden);

it('every import of src, test, bench, examples and scripts is one that its room may have', () => {
  expect(imports.length).toBeGreaterThan(3_000);
  expect(imports.map(forbidden).filter((sentence) => sentence !== undefined)).toEqual([]);
});

it('no files import one another in a circle, types included', () => {
  const arrows = new Map<string, string[]>();
  for (const each of imports) {
    const target = targetOf(each);
    if (target !== undefined) arrows.set(each.file, [...(arrows.get(each.file) ?? []), onDisk(target)]);
  }
  expect(cyclesIn(arrows)).toEqual([]);
});

it('a planted circle of types is found', () => {
  const arrows = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  expect(cyclesIn(arrows)).toEqual([['a', 'b', 'c']]);
});

it('each room imports rooms above it only, but for the types of activities that the workflows use', () => {
  const names = ROOMS.map(({ name }) => name);
  const upward = ROOMS.flatMap(({ name, imports: of, types = [] }, index) => [
    ...of.filter((other) => names.indexOf(other) >= index).map((other) => `${name} → ${other}`),
    ...types.filter((other) => names.indexOf(other) >= index).map((other) => `${name} → types of ${other}`),
  ]);
  expect(upward).toEqual(['workflows → types of activities']);
});

it('nothing but the product imports main, and the product does not import its tests', () => {
  expect([...ROOMS, ...BESIDE].filter((room) => room.imports.includes('main')).map(({ name }) => name)).toEqual([]);
  const beside = new Set(BESIDE.map(({ name }) => name));
  expect(ROOMS.flatMap((room) => room.imports.filter((other) => beside.has(other)))).toEqual([]);
});

describe.each([...ROOMS, ...BESIDE].map((room) => [room.name, room] as const))('a planted import in %s', (_, room) => {
  const others = [...ROOMS, ...BESIDE].filter((other) => other !== room && !room.imports.includes(other.name));

  it('of each room that the list does not name is caught', () => {
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) {
      const text = `import { planted } from '${arrowTo(room, other)}';`;
      expect(planted(room, text)).toEqual([expect.stringContaining(`${room.name} may not: it is ${other.name}`)]);
      expect(planted(room, `await import('${arrowTo(room, other)}');`)).not.toEqual([undefined]);
      expect(planted(room, `export * from '${arrowTo(room, other)}';`)).not.toEqual([undefined]);
    }
  });

  it('is caught as a type as well, unless the list says types', () => {
    const refused = others.filter((other) => {
      const [first] = planted(room, `import { type Planted } from '${arrowTo(room, other)}';`);
      const [second] = planted(room, `export type P = import('${arrowTo(room, other)}').Planted;`);
      expect(first === undefined).toBe(second === undefined);
      return first !== undefined;
    });
    expect(others.filter((other) => !refused.includes(other)).map(({ name }) => name)).toEqual(
      others.map(({ name }) => name).filter((name) => room.types?.includes(name)),
    );
  });

  it('of a package that the list does not name is caught', () => {
    const [sentence] = planted(room, "import left from 'left-pad';");
    expect(sentence === undefined).toBe(room.packages.includes('*'));
    for (const name of room.packageTypes ?? []) {
      expect(planted(room, `import { planted } from '${name}';`)).not.toEqual([undefined]);
      expect(planted(room, `import type { Planted } from '${name}';`)).toEqual([undefined]);
    }
  });
});

it.each([
  ['the library', 'saga', "import { Client } from '@temporalio/client';"],
  ['the library', 'saga', "import { readFileSync } from 'node:fs';"],
  ['a workflow', 'workflows', "import { randomUUID } from 'node:crypto';"],
  ['a workflow', 'workflows', "import { createActivities } from '../activities/activities.js';"],
  ['the client', 'client', "import http from 'node:http';"],
  ['a service', 'services', "import { sagaIdOf } from '../order.js';"],
])('%s does not import what would break its promise: %s: %s', (_, name, text) => {
  const room = ROOMS.find((each) => each.name === name);
  expect(room && planted(room, text)).toEqual([expect.stringContaining('may not')]);
});

it('a file in a room that the list does not know is refused, and so is an import of it', () => {
  const into: Import = { file: 'src/api/app.ts', specifier: '../basement/x.js', typesOnly: true };
  expect(forbidden(into)).toContain('stands in no room');
  expect(forbidden({ file: 'src/basement/x.ts', specifier: 'node:fs', typesOnly: false })).toContain('no room');
  expect(roomOf('src/basement.ts')).toBeUndefined();
});

/** The names of rooms as a person would list them. */
function listed(names: readonly string[]): string {
  const product = ROOMS.map(({ name }) => name).filter((name) => name !== 'main');
  const shorten = (of: readonly string[], all: readonly string[], by: string): readonly string[] =>
    all.every((name) => of.includes(name)) ? [by, ...of.filter((name) => !all.includes(name))] : of;
  const vocabulary = ['order', 'problems', 'caller'];
  const short = shorten(shorten(names, product, 'anything but main'), vocabulary, 'vocabulary');
  return short.length === 0 ? 'nothing of ours' : short.join(', ');
}

/** The table of ARCHITECTURE.md, from the list. */
const table = (): string[] =>
  [...ROOMS, ...BESIDE].map(({ name, purpose, imports: of, types = [], because }) => {
    const all = [listed(of), ...types.map((other) => `_types_ of ${other}`)].join(', ');
    return `| ${name} | ${purpose} | ${all}${because === undefined ? '' : ` (${because})`} |`;
  });

it("ARCHITECTURE.md's table of rooms is the list that this test holds", () => {
  const document = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
  const rows = document
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map(
      (line) =>
        `| ${line
          .slice(1, -1)
          .split(' | ')
          .map((cell) => cell.trim())
          .join(' | ')} |`,
    );
  expect(rows.filter((row) => !/^\| (room|-+) \|/.test(row))).toEqual(table());
});
