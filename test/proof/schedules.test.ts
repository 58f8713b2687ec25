/**
 * Generated schedules of faults, cancels and operator actions, played through the real saga library (rule 37). The
 * seed comes first, so that even a run that was killed can be played again: see CONTRIBUTING.md.
 */
import { isReproducing, path, runsOr, seed } from './drill.js';
import { print } from './print.js';
import type { Drill } from './lanes.js';
import { checkOnServers } from './servers.js';

/** More in flight makes two cores no faster. */
const IN_FLIGHT = 25;

const drill: Drill = {
  seed,
  runs: runsOr(2000),
  lanes: isReproducing ? 1 : IN_FLIGHT,
  ...(path !== undefined && { path }),
  verbose: isReproducing,
};

describe('any schedule of a saga', () => {
  it(
    'it is complete or net zero, and says which (rules 3, 4, 8, 14, 18, 22, 25, 28 and 36)',
    async () => {
      print(`schedules: --seed ${drill.seed}, ${drill.runs} runs`);
      const begin = performance.now();
      const { tally, failures } = await checkOnServers(drill, print);
      const seconds = (performance.now() - begin) / 1000;
      const sagas = tally.get('sagas') ?? 0;
      print(`schedules: ${sagas} in ${seconds.toFixed(0)} s, ${(sagas / seconds).toFixed(1)} a second`);
      for (const [what, times] of [...tally].toSorted(([one], [other]) => one.localeCompare(other)))
        print(`  ${what}: ${times}`);
      // Printed here as well: what hangs may keep the report from being written.
      for (const failure of failures) print(failure);
      if (failures.length > 0) throw new Error(failures[0]);
    },
    300_000 + drill.runs * 1000,
  );
});
