/** What a proof of generated schedules says: its seed, its speed, what was seen, and which cases were never reached. */
import { isReproducing, path, runsOr, seed } from './drill.js';
import type { Drill } from './lanes.js';
import { print } from './print.js';
import { checkOnServers } from './servers.js';
import type { Venue } from './venue.js';

export interface Generated extends Pick<Drill, 'file' | 'schedules' | 'lanes'> {
  readonly openVenue: () => Promise<Venue>;
  /** The usual number. */
  readonly runs: number;
  /** Each must be reached by some schedule of the whole run: else the generator has lost it. */
  readonly cases: readonly string[];
}

export const runsOf = ({ runs }: Generated): number => runsOr(runs);

export async function playGenerated(generated: Generated): Promise<void> {
  const { file, cases } = generated;
  const drill: Drill = {
    ...generated,
    seed,
    runs: runsOf(generated),
    lanes: isReproducing ? 1 : generated.lanes,
    ...(path !== undefined && { path }),
    verbose: isReproducing,
  };
  print(`${file}: --seed ${seed}, ${drill.runs} runs`);
  const begin = performance.now();
  const { tally, failures } = await checkOnServers(drill, generated.openVenue, print);
  const seconds = (performance.now() - begin) / 1000;
  const sagas = tally.get('sagas') ?? 0;
  print(`${file}: ${sagas} in ${seconds.toFixed(0)} s, ${(sagas / seconds).toFixed(1)} a second`);
  for (const [what, times] of [...tally].toSorted(([one], [other]) => one.localeCompare(other)))
    print(`  ${what}: ${times}`);
  // Printed here as well: what hangs may keep the report from being written.
  for (const failure of failures) print(failure);
  if (failures.length > 0) throw new Error(failures[0]);
  const missed = cases.filter((what) => !tally.get(what));
  if (drill.runs >= generated.runs) expect(missed).toEqual([]);
}
