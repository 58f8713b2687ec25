// npm run pack:saga [-- FOLDER]: packs src/saga alone, as the package whose users import `unwind/saga` and its testing kit.
// The repository's own package.json declares what the shop's processes need (Express, PostgreSQL, …); somebody who
// builds on the library needs none of it, and has the Temporal SDK already, in a version of their own choice.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBuilt } from './build.mjs';

ensureBuilt();

const root = path.join(import.meta.dirname, '..');
const target = path.resolve(process.argv[2] ?? '.');
const contents = ['dist/saga', 'src/saga', 'docs/saga.md', 'LICENSE'];

const forWorkflows = ['@temporalio/common', '@temporalio/workflow'];
const forTests = ['@temporalio/activity', '@temporalio/client', '@temporalio/testing', '@temporalio/worker'];

const { name, version, license, type, engines, exports, dependencies } = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
);
const manifest = {
  name,
  version,
  description: 'Sagas on Temporal that finish, or are undone correctly',
  license,
  type,
  engines,
  // What else the repository exports is not in this package.
  exports: Object.fromEntries(Object.entries(exports).filter(([entry]) => /^\.\/saga(\/|$)/.test(entry))),
  peerDependencies: Object.fromEntries([...forWorkflows, ...forTests].map((peer) => [peer, `^${dependencies[peer]}`])),
  // A process that only runs sagas needs none of them.
  peerDependenciesMeta: Object.fromEntries(forTests.map((peer) => [peer, { optional: true }])),
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-pack-'));
try {
  for (const item of contents) cpSync(path.join(root, item), path.join(folder, item), { recursive: true });
  renameSync(path.join(folder, 'src', 'saga', 'README.md'), path.join(folder, 'README.md'));
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  execFileSync('npm', ['pack', '--pack-destination', target], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
