// npm run pack:saga [-- FOLDER]: packs src/saga alone, as the package whose users import `unwind/saga`.
// The repository's own package.json declares what the shop's processes need (Express, PostgreSQL, …); somebody who
// builds on the library needs none of it, and has the Temporal SDK already, in a version of their own choice.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const target = path.resolve(process.argv[2] ?? '.');
const contents = ['dist/saga', 'src/saga', 'docs/saga.md', 'LICENSE'];

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
  exports,
  peerDependencies: Object.fromEntries(
    ['@temporalio/common', '@temporalio/workflow'].map((peer) => [peer, `^${dependencies[peer]}`]),
  ),
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-pack-'));
try {
  for (const item of contents) cpSync(path.join(root, item), path.join(folder, item), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  execFileSync('npm', ['pack', '--pack-destination', target], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
