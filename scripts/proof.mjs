// npm run test:saga [-- --runs N --seed S FILE]: the proofs of the saga; `reproduce --seed S --path P` plays one run again.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    reproduce: { type: 'boolean' },
  },
  allowPositionals: true,
});
const { runs, seed, path: walk, reproduce } = values;
const files = reproduce && positionals.length === 0 ? ['proof/schedules.proof'] : positionals;
const test = [path.join(import.meta.dirname, 'test.mjs'), '--config', 'jest.proof.config.mjs', ...files];
const { status } = spawnSync(process.execPath, test, {
  stdio: 'inherit',
  env: {
    ...process.env,
    ...(runs && { UNWIND_RUNS: runs }),
    ...(seed && { UNWIND_SEED: seed }),
    ...(walk && { UNWIND_PATH: walk }),
    ...(reproduce && { UNWIND_REPRODUCE: '1' }),
  },
});
process.exit(status ?? 1);
