/**
 * The same on a real server, whose time passes as on the clock: what the time-skipping one does not bear. Calls are cut
 * while they wait for their next attempt, and runs are continued as new, going forward and while they unwind (rule 37).
 */
import { aimedSchedules } from './aimed-schedules.js';
import { playGenerated, runsOf, type Generated } from './generated.js';
import { openReal } from './venue.js';

const generated: Generated = {
  file: 'schedules-real',
  schedules: aimedSchedules,
  openVenue: openReal,
  runs: 60,
  lanes: 25,
  cases: [
    'act cut in a back-off',
    'undo cut in a back-off',
    'continued as new while it goes forward',
    'continued as new while it unwinds',
  ],
};

describe('whatever happens to a saga on a real server', () => {
  it(
    'it is complete or net zero, and says which (rules 3, 4, 8, 14, 16, 18, 22, 25, 28, 31 and 36)',
    () => playGenerated(generated),
    300_000 + runsOf(generated) * 5000,
  );
});
