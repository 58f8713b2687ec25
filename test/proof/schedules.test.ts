/**
 * Generated schedules of faults, cancels, approvals, outages of the journal and operator actions, played through the real
 * saga library (rule 37). The seed comes first, so that even a run that was killed can be played again: see CONTRIBUTING.md.
 */
import { playGenerated, runsOf, type Generated } from './generated.js';
import { schedules } from './schedule.js';
import { openSkipping } from './venue.js';

const generated: Generated = {
  file: 'proof/schedules.test',
  schedules,
  openVenue: openSkipping,
  runs: 1500,
  /** More in flight makes two cores no faster. */
  lanes: 25,
  cases: [
    'two approvals awaited at once',
    'journal away at a wait',
    'journal away at a block, going forward',
    'journal away at a block, unwinding',
    'journal away at the end',
  ],
};

describe('any schedule of a saga', () => {
  it(
    'it is complete or net zero, and says which (rules 3, 4, 8, 14, 18, 22, 25, 28, 31 and 36)',
    () => playGenerated(generated),
    300_000 + runsOf(generated) * 1000,
  );
});
