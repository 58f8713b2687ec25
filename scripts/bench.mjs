// npm run bench [-- --rounds N --scale X] measures; npm run bench:check compares with bench/goals.json.
import { tsImport } from 'tsx/esm/api';

const [what, ...others] = process.argv.slice(2);
const check = what === 'check';
const { main } = await tsImport(`../bench/${check ? 'check' : 'bench'}.ts`, import.meta.url);
process.exit(await main(check ? others : process.argv.slice(2)));
