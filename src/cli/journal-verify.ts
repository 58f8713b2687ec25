/**
 * `unwind journal-verify`: checks if the stored events, the rows and Temporal's histories agree (rule 31), in a
 * running system.
 */
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { loadConfig } from '../config/config.js';
import { findJournal, withTemporal } from '../config/find-journal.js';
import { lookThrough } from '../journal/audit/verify.js';
import { say, type Command } from './command.js';
import { overSagas } from './over-sagas.js';

const USAGE = `unwind journal-verify [--events-only] [--after SAGA]

Compares the stored events, the rows and Temporal's histories, over the running system. Each difference is printed when
it is found; a database or a Temporal that is away for less than a minute is waited for.
  --events-only  does without Temporal
  --after SAGA   begins behind this saga, to go on where an earlier call has ended
Exit code 0: they agree; 1: they differ; 2: not all could be compared; 130: stopped.`;

const EXIT = { failed: 2, stopped: 130 } as const;

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { 'events-only': { type: 'boolean' }, after: { type: 'string' } },
  });
  const config = loadConfig();
  const journal = await findJournal(config);
  const verify = async (client?: Client): Promise<number> => {
    let [sagas, withoutHistory, differences] = [0, 0, 0];
    const looked = lookThrough({ journal, client, stop, after: values.after });
    const end = await overSagas(looked, stop, (saga) => {
      for (const difference of saga.differences) say(`DIFFERENCE: ${difference}`);
      sagas += 1;
      withoutHistory += saga.withoutHistory ? 1 : 0;
      differences += saga.differences.length;
    });
    say(`${sagas} sagas, ${withoutHistory} of them without a history to compare with`);
    if (differences > 0) say(`The journal does NOT agree; differences: ${differences}.`);
    else say(end === 'done' ? 'The journal agrees.' : 'So far it agrees.');
    return end === 'done' ? Math.min(differences, 1) : EXIT[end];
  };
  return values['events-only'] ? verify() : withTemporal(config, verify);
}

export const command: Command = { usage: USAGE, run };
