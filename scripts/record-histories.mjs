// npm run histories:record [-- PATH …]: records the committed histories anew, each path on a dev server of its own making.
import { tsImport } from 'tsx/esm/api';

const { recordHistories } = await tsImport('../test/recording/record.ts', import.meta.url);
await recordHistories(process.argv.slice(2), (line) => console.log(line));
process.exit(0);
