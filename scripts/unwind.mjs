#!/usr/bin/env node
// The bin `unwind`: the compiled commands of src/cli. In a clone it builds first when a source has changed; an installed
// package has no sources, and says so if it was not built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

if (existsSync(here('../src'))) {
  const { ensureBuilt } = await import('./build.mjs');
  ensureBuilt();
}
const program = new URL('../dist/cli/unwind.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  await import(program.href);
} else {
  process.stderr.write('unwind: it is not built yet: run `npm run build` in its folder first.\n');
  process.exitCode = 2;
}
