/**
 * `npm run journal:verify`: do the stored events, the rows and Temporal's histories agree (rule 31)? Over the running
 * system. `-- --events-only` does without Temporal. Exit code 0: they agree; 1: they differ; 2: unknown.
 */
import { parseArgs } from 'node:util';
import { loadConfig } from './config.js';
import { findJournal, withTemporal } from './journal-target.js';
import { readDotEnv } from './run-process.js';
import { startSentence } from './start-error.js';
import { verifyJournal } from './verify-journal.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  readDotEnv();
  const { values } = parseArgs({ options: { 'events-only': { type: 'boolean' } } });
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
  process.exitCode = differences.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`The journal could not be verified: ${startSentence(error)}\n`);
  process.exitCode = 2;
}
