// npm run pictures: takes the README's pictures, by the same steps that test:desk reads the pages with.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const test = [path.join(import.meta.dirname, 'test.mjs'), '--config', 'jest.desk.config.mjs'];
const env = { ...process.env, UNWIND_PICTURES: path.join(root, 'docs', 'pictures') };
process.exit(spawnSync(process.execPath, test, { cwd: root, stdio: 'inherit', env }).status ?? 1);
