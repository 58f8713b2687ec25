/** The table of suites against the files that are there, the scripts of package.json and CI. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { names, SUITES, suiteOf } from '../suites.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const scripts: Readonly<Record<string, string>> = JSON.parse(read('package.json')).scripts;
const files = readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' }).map((file) => `test/${file}`);
const tests = files.filter((file) => file.endsWith('.test.ts'));
const globsOf = (name: string): readonly string[] => SUITES[name]?.files ?? [];

it('every test file belongs to one suite, so that none runs twice in CI', () => {
  const owners = (file: string) =>
    Object.keys(SUITES).filter((name) => globsOf(name).some((glob) => names(glob, file)));
  expect(tests.filter((file) => owners(file).length > 1)).toEqual([]);
  expect(new Set(tests.map(suiteOf))).toEqual(new Set(Object.keys(SUITES)));
});

it('npm test, which is short, starts no whole system but the one of the journey, and no Temporal server of a file', () => {
  const slow = /^import .*\b(?:createDevServer|startSystem|spawnRelay)\b/m;
  expect(tests.filter((file) => suiteOf(file) === 'quick' && slow.test(read(file)))).toEqual([
    'test/journey/journey.test.ts',
  ]);
});

it('every entry of the table of suites names a test file', () => {
  const entries = Object.values(SUITES).flatMap(({ files: globs = [], again = [] }) => [...globs, ...again]);
  expect(entries.filter((glob) => !tests.some((file) => names(glob, file)))).toEqual([]);
});

it('a file with tests has the one ending that the suites look for', () => {
  const sources = files.filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.endsWith('.test.ts'));
  expect(sources.filter((file) => /\.(?:proof|spec)\./.test(file))).toEqual([]);
});

it.each(Object.keys(SUITES))('jest finds the files of the suite %s, and no others', (name) => {
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const env = { ...process.env, UNWIND_SUITE: name };
  const listed = execFileSync(process.execPath, [jest, '--listTests', '--json'], { cwd: root, env, encoding: 'utf8' });
  const found = (JSON.parse(listed) as string[]).map((file) => path.relative(root, file)).sort();
  const again = SUITES[name]?.again ?? [];
  expect(found).toEqual(tests.filter((file) => suiteOf(file) === name || again.includes(file)).sort());
});

it('CI runs each suite in one part', () => {
  const ci = read('.ci/run');
  for (const name of Object.keys(SUITES)) {
    const script = name === 'quick' ? 'verify' : `test:${name}`;
    const parts = [...ci.matchAll(/^ *suite \S+ npm run (?:--silent )?(\S+)/gm)].filter(([, run]) => run === script);
    expect({ name, parts: parts.length }).toEqual({ name, parts: 1 });
  }
});

describe('the scripts of package.json', () => {
  it('are at most 34, with none that npm runs before or after another by itself', () => {
    const all = Object.keys(scripts);
    expect(all.length).toBeLessThanOrEqual(34);
    const hooks = all.filter((name) => /^(?:pre|post)/.test(name) && all.includes(name.replace(/^(?:pre|post)/, '')));
    expect(hooks).toEqual([]);
  });

  it.each(Object.keys(SUITES))('run the suite %s', (name) => {
    const script = scripts[name === 'quick' ? 'test' : `test:${name}`];
    expect(script).toMatch(
      name === 'quick'
        ? /^node scripts\/test\.mjs$/
        : name === 'old-server'
          ? /^node scripts\/old-server\.mjs$/
          : new RegExp(`^node scripts/test\\.mjs ${name}$`),
    );
  });
});
