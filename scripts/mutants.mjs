// npm run test:mutants [-- --only NAME,NAME]: plants each bug of test/mutants/ in a copy, and expects its test to catch it.
import { tsImport } from 'tsx/esm/api';

const { main } = await tsImport('../test/mutants/mutants.ts', import.meta.url);
process.exit(await main(process.argv.slice(2)));
