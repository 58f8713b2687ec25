// node scripts/english.mjs: the counts of words in the comments of src that stop a reader; fails above their limits.
import { tsImport } from 'tsx/esm/api';

const { report } = await tsImport('../test/docs/english.ts', import.meta.url);
const { lines, faults } = report();
for (const line of [...lines, ...faults]) console.log(line);
process.exitCode = faults.length === 0 ? 0 : 1;
