/** The library as its users get it: packed, installed into an empty project, and the example saga run there by plain Node. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';
import { emptyFolder, manifest, packInto, root, runIn, type Versions } from './package.js';

const PATIENCE = 300_000;

let folder: string;
let env: TestEnv;

const inProject = (program: string, args: readonly string[], more?: NodeJS.ProcessEnv): Promise<string> =>
  runIn(folder, program, args, more);

beforeAll(async () => {
  folder = emptyFolder();
  const sdk = manifest.dependencies['@temporalio/worker'];
  await packInto(folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const packages = [`./${tarball}`, `@temporalio/client@${sdk}`, `@temporalio/worker@${sdk}`];
  await inProject('npm', ['install', ...packages]);
  env = await createTimeSkipping();
}, PATIENCE);

afterAll(async () => {
  await env.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the packed library', () => {
  it('holds what its users need, and neither tests nor the shop', () => {
    const files = readdirSync(path.join(folder, 'node_modules', 'unwind'), { recursive: true }) as string[];
    const named = files.filter((file) => path.extname(file) !== '' || file === 'LICENSE');
    const library = ['dist/saga/saga.js', 'dist/saga/saga.d.ts'];
    const kit = ['dist/saga/testing/testing.js', 'dist/saga/testing/testing.d.ts'];
    const documents = ['package.json', 'LICENSE', 'README.md', 'docs/saga.md'];
    expect(named).toEqual(expect.arrayContaining([...documents, ...library, ...kit]));
    const code = /^(dist|src)\/saga\/((testing|journal)\/)?[^/]+\.(ts|js|map)$/;
    expect(named.filter((file) => !documents.includes(file) && !code.test(file))).toEqual([]);
  });

  it('brings nothing but the Temporal SDK into an empty project', () => {
    const { peerDependencies, peerDependenciesMeta, ...others } = JSON.parse(
      readFileSync(path.join(folder, 'node_modules', 'unwind', 'package.json'), 'utf8'),
    ) as {
      exports: Readonly<Record<string, Versions>>;
      peerDependencies: Versions;
      peerDependenciesMeta: Readonly<Record<string, { optional: boolean }>>;
    };
    const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    expect(needed).toEqual(['@temporalio/common', '@temporalio/workflow']);
    expect(Object.keys(peerDependencies).filter((name) => !name.startsWith('@temporalio/'))).toEqual([]);
    expect(others).not.toHaveProperty('dependencies');
    const files = Object.values(others.exports).flatMap((entry) => Object.values(entry));
    expect(Object.keys(others.exports)).toEqual(['./saga', './saga/testing']);
    expect(files.filter((file) => !existsSync(path.join(folder, 'node_modules', 'unwind', file)))).toEqual([]);
    expect(existsSync(path.join(folder, 'node_modules', 'express'))).toBe(false);
    expect(existsSync(path.join(folder, 'node_modules', 'pg'))).toBe(false);
  });

  it(
    'compiles the example saga there by its published types, bundles it and runs it',
    async () => {
      cpSync(path.join(root, 'examples', 'trip-booking'), path.join(folder, 'trip'), { recursive: true });
      mkdirSync(path.join(folder, 'built'));
      // The compiler and Node's types are tools; what they resolve is what the project has installed.
      const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const types = path.join(root, 'node_modules', '@types');
      const options =
        '--target es2023 --module nodenext --strict --skipLibCheck --rootDir trip --outDir built --types node';
      await inProject(process.execPath, [tsc, ...options.split(' '), '--typeRoots', types, 'trip/start.ts']);
      const book = async (trip: unknown): Promise<unknown> => {
        const started = [path.join('built', 'start.js'), JSON.stringify(trip)];
        const stdout = await inProject(process.execPath, started, { TEMPORAL_ADDRESS: env.address });
        // Before it the SDK may have written what it misses in the tests' server.
        return JSON.parse(stdout.slice(stdout.indexOf('{\n')));
      };
      expect(await book({})).toMatchObject({ state: 'COMPLETED', books: { tickets: 'applied', itinerary: 'applied' } });
      expect(await book({ flight: 'sold-out' })).toMatchObject({
        state: 'FAILED',
        reason: 'NoSeat',
        books: { hotel: 'undone', flight: 'refused' },
      });
    },
    PATIENCE,
  );
});
