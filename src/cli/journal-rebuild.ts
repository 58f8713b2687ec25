/** Makes the journal's tables again from its events, and from Temporal's histories if events are missing. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../main/config.js';
import { findJournal, withTemporal } from '../main/journal-target.js';
import { rebuildJournal, type Rebuilt } from '../main/rebuild.js';

import { say, type Command } from './command.js';

const USAGE = `unwind journal-rebuild [--events-only]

Makes the journal's tables again from its events, and from Temporal's histories if events are missing.
  --events-only  does without Temporal
Exit code 0: all sagas are rebuilt; 1: some are not; 2: none.`;

const EVERY = 100;
const onProgress = (done: number): void => {
  if (done % EVERY === 0) say(`${done} sagas`);
};

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { 'events-only': { type: 'boolean' } } });
  const config = loadConfig();
  const journal = await findJournal(config);
  const rebuilt: Rebuilt = values['events-only']
    ? await rebuildJournal({ journal, onProgress })
    : await withTemporal(config, (client) => rebuildJournal({ journal, client, onProgress }));
  for (const failure of rebuilt.failed) say(`NOT REBUILT: ${failure}`);
  say(
    `${rebuilt.sagas} sagas, ${rebuilt.fromHistories} of them from their histories, ${rebuilt.failed.length} not rebuilt`,
  );
  return rebuilt.failed.length === 0 ? 0 : 1;
}

export const command: Command = { usage: USAGE, run };
