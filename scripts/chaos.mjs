// npm run test:chaos [-- --kills N --orders N --seed S]: kills and stops the processes of a running system, then judges.
import { tsImport } from 'tsx/esm/api';
import { ensureBuilt } from './build.mjs';

ensureBuilt();

const { main } = await tsImport('../test/chaos/chaos.ts', import.meta.url);
process.exit(await main(process.argv.slice(2)));
