/**
 * `npm run journal:rebuild`: makes the journal's tables anew, from its events, and from Temporal's histories where events
 * are missing. `-- --events-only` does without Temporal. Exit code 0: all sagas are rebuilt; 1: some are not; 2: none.
 */
import { parseArgs } from 'node:util';
import { loadConfig } from './config.js';
import { findJournal, withTemporal } from './journal-target.js';
import { rebuildJournal, type Rebuilt } from './rebuild.js';
import { readDotEnv } from './run-process.js';
import { startSentence } from './start-error.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const EVERY = 100;
const onProgress = (done: number): void => {
  if (done % EVERY === 0) say(`${done} sagas`);
};

try {
  readDotEnv();
  const { values } = parseArgs({ options: { 'events-only': { type: 'boolean' } } });
  const config = loadConfig();
  const journal = await findJournal(config);
  const rebuilt: Rebuilt = values['events-only']
    ? await rebuildJournal({ journal, onProgress })
    : await withTemporal(config, (client) => rebuildJournal({ journal, client, onProgress }));
  for (const failure of rebuilt.failed) say(`NOT REBUILT: ${failure}`);
  say(
    `${rebuilt.sagas} sagas, ${rebuilt.fromHistories} of them from their histories, ${rebuilt.failed.length} not rebuilt`,
  );
  process.exitCode = rebuilt.failed.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`The journal was not rebuilt: ${startSentence(error)}\n`);
  process.exitCode = 2;
}
