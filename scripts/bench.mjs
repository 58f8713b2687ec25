// npm run bench [-- --rounds N --scale X] measures; bench:check compares with bench/goals.json; bench -- profile looks inside.
import { tsImport } from 'tsx/esm/api';
import { ensureBuilt } from './build.mjs';

ensureBuilt();

const [first, ...others] = process.argv.slice(2);
const known = ['check', 'profile', 'memory'];
const named = known.includes(first);
const { main } = await tsImport(`../bench/${named ? first : 'bench'}.ts`, import.meta.url);
process.exit(await main(named ? others : process.argv.slice(2)));
