// Compiles src/ to dist/, copies the SQL files and bundles the workflows. Does nothing when nothing has changed.
// Other scripts call `ensureBuilt` before they run dist/.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const stamp = 'built-from';

function fingerprint() {
  const hash = createHash('sha256').update(process.version);
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const others = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];
  for (const file of [...sources, ...others.map((name) => path.join(root, name))]) {
    hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function compile(folder) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch {
    // The compiler has said what is wrong.
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  }
  const src = path.join(root, 'src');
  for (const file of readdirSync(src, { recursive: true }).filter((name) => name.endsWith('.sql'))) {
    cpSync(path.join(src, file), path.join(folder, file));
  }
}

async function bundle(folder) {
  const module = pathToFileURL(path.join(folder, 'worker', 'bundle.js'));
  const { bundleWorkflows } = await import(module.href);
  writeFileSync(path.join(folder, 'workflow-bundle.js'), await bundleWorkflows());
}

/** A running system restarts its processes from dist/, so that it must never be half there. */
function replaceDist(folder) {
  const old = `${folder}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(folder, dist);
  rmSync(old, { recursive: true, force: true });
}

async function build(wanted) {
  const folder = path.join(root, `.build-${process.pid}`);
  try {
    compile(folder);
    await bundle(folder);
    writeFileSync(path.join(folder, stamp), wanted);
    replaceDist(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isBuilt(wanted) {
  const stampFile = path.join(dist, stamp);
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted;
}

/** Builds in a process of its own, whose bundler then takes no memory of this one. Ends this process if that fails. */
export function ensureBuilt() {
  if (isBuilt(fingerprint())) return;
  // The standard output may be read by a program: it is the command's own.
  const { status } = spawnSync(process.execPath, [import.meta.filename], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.argv[1] === import.meta.filename) {
  const wanted = fingerprint();
  if (!isBuilt(wanted)) await build(wanted);
}
