// npm run test:old-server [-- suite | chaos …]: what the suite and chaos say on Temporal server 1.29.1; by default both.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { tsImport } from 'tsx/esm/api';

const { findOldServer } = await tsImport('../test/old-server/old-server.ts', import.meta.url);
const folder = await findOldServer((sentence) => console.error(`  ${sentence}`));
const env = { ...process.env, PATH: `${folder}${path.delimiter}${process.env.PATH}`, UNWIND_OLD_SERVER: folder };

const run = (script, ...args) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, script), ...args], { stdio: 'inherit', env }).status ?? 1;
const parts = {
  suite: (...args) => run('test.mjs', 'old-server', ...args),
  chaos: (...args) => run('chaos.mjs', ...args),
};

const [part, ...rest] = process.argv.slice(2);
if (part !== undefined && !(part in parts)) {
  console.error(`"${part}" is no part of this: say suite or chaos, or nothing for both.`);
  process.exit(2);
}
const statuses = part === undefined ? Object.values(parts).map((each) => each()) : [parts[part](...rest)];
process.exit(Math.max(...statuses));
