/** The library as its users get it: packed, installed into an empty project, and the example saga run there by plain Node. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '..', '..');
const PATIENCE = 300_000;

let folder: string;
let env: TestEnv;

/** In the empty project, with nothing of the repository's environment but what any shell has. */
const inProject = async (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { PATH, HOME, ...rest } = process.env;
  const npm = Object.fromEntries(Object.entries(rest).filter(([name]) => /^(npm_config_|https?_proxy$)/i.test(name)));
  const { stdout } = await run(program, args, { cwd: folder, env: { ...npm, PATH, HOME, ...more } });
  return stdout;
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-packed-'));
  const sdk = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { dependencies: Versions })
    .dependencies['@temporalio/worker'];
  await run(process.execPath, [path.join(root, 'scripts', 'pack-saga.mjs'), folder]);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const packages = [`./${tarball}`, `@temporalio/client@${sdk}`, `@temporalio/worker@${sdk}`];
  await inProject('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages]);
  env = await createTimeSkipping();
}, PATIENCE);

type Versions = Readonly<Record<string, string>>;

afterAll(async () => {
  await env.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the packed library', () => {
  it('holds what its users need, and neither tests nor the shop', () => {
    const files = readdirSync(path.join(folder, 'node_modules', 'unwind'), { recursive: true }) as string[];
    const named = files.filter((file) => path.extname(file) !== '' || file === 'LICENSE');
    expect(named).toEqual(
      expect.arrayContaining(['package.json', 'LICENSE', 'docs/saga.md', 'dist/saga/saga.js', 'dist/saga/saga.d.ts']),
    );
    expect(
      named.filter((file) => !/^(package\.json|LICENSE|docs\/saga\.md|(dist|src)\/saga\/[^/]+)$/.test(file)),
    ).toEqual([]);
  });

  it('brings nothing but the Temporal SDK into an empty project', () => {
    const { peerDependencies, ...manifest } = JSON.parse(
      readFileSync(path.join(folder, 'node_modules', 'unwind', 'package.json'), 'utf8'),
    ) as { peerDependencies: Versions };
    expect(Object.keys(peerDependencies)).toEqual(['@temporalio/common', '@temporalio/workflow']);
    expect(manifest).not.toHaveProperty('dependencies');
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
