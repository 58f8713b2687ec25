#!/usr/bin/env node
// The bin `unwind`: the compiled commands of src/cli. Says so if they are not built; never builds or fetches by itself.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli/unwind.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  await import(program.href);
} else {
  process.stderr.write('unwind: it is not built yet: run `npm run build` in its folder first.\n');
  process.exitCode = 2;
}
