// npm run histories:record [-- PATH …]: records the paths that have no history, or those that are named, each on a dev
// server of its own making, and freezes them. --as LABEL PATH …: beside the frozen ones. --anew: before the first release
// only, replaces what is frozen.
import { parseArgs } from 'node:util';
import { tsImport } from 'tsx/esm/api';

const { values, positionals } = parseArgs({
  options: { as: { type: 'string' }, anew: { type: 'boolean' } },
  allowPositionals: true,
});
const { recordHistories } = await tsImport('../test/recording/record.ts', import.meta.url);
try {
  await recordHistories({ names: positionals, label: values.as, anew: values.anew }, (line) => console.log(line));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
