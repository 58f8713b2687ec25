/** Do the stored events, the rows and Temporal's histories agree (rule 31)? Over the running system. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../main/config.js';
import { findJournal, withTemporal } from '../main/journal-target.js';
import { verifyJournal } from '../main/verify-journal.js';

import { say, type Command } from './command.js';

const USAGE = `unwind journal-verify [--events-only]

Compares the stored events, the rows and Temporal's histories, over the running system.
  --events-only  does without Temporal
Exit code 0: they agree; 1: they differ; 2: they could not be compared.`;

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { 'events-only': { type: 'boolean' } } });
  const config = loadConfig();
  const journal = await findJournal(config);
  const { sagas, withoutHistory, differences } = values['events-only']
    ? await verifyJournal({ journal })
    : await withTemporal(config, (client) => verifyJournal({ journal, client }));
  for (const difference of differences) say(`DIFFERENCE: ${difference}`);
  say(`${sagas} sagas, ${withoutHistory} of them without a history to compare with`);
  say(
    differences.length === 0
      ? 'The journal agrees.'
      : `The journal does NOT agree; differences: ${differences.length}.`,
  );
  return differences.length === 0 ? 0 : 1;
}

export const command: Command = { usage: USAGE, run };
