/**
 * `unwind journal-rebuild`: repairs the journal's tables from its events, and from Temporal's histories if events are
 * missing.
 */
import { parseArgs } from 'node:util';
import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import { loadConfig } from '../config/config.js';
import { findJournal, withTemporal, type JournalTarget } from '../config/find-journal.js';
import { rebuildSagas } from '../journal/audit/rebuild.js';
import type { DecisionOutcome } from '../journal/decisions/audit-row.js';
import { openAudit } from '../journal/decisions/open-audit.js';
import { commandLineCaller, recordDecision } from '../journal/decisions/record-decision.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { JOURNAL_SCHEMA, journalPool } from '../journal/write/journal.js';
import { say, type Command } from './command.js';
import { overSagas } from './over-sagas.js';

const USAGE = `unwind journal-rebuild [--apply [--by NAME] [--reason TEXT]] [--events-only] [--after SAGA]

Mends the journal's tables from its events, and from Temporal's histories if events are missing. Without --apply it only
shows what it would do. What is right stays as it is. No row goes back to an earlier event and no verdict is taken away
unless a history says so: what cannot be proved is listed as KEPT.
  --apply        writes
  --events-only  does without Temporal
  --by, --reason who and why, for the audit; unless given, the user of this machine, and none
  --after SAGA   begins behind this saga, to go on where an earlier call has ended
Exit code 0: there was nothing to do, or all of it was done; 1: something remains; 2: not all sagas were looked at;
130: stopped.`;

const EXIT = { failed: 2, stopped: 130 } as const;

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      apply: { type: 'boolean' },
      'events-only': { type: 'boolean' },
      after: { type: 'string' },
      by: { type: 'string' },
      reason: { type: 'string' },
    },
  });
  const { apply = false, after } = values;
  const config = loadConfig();
  const journal = await findJournal(config);
  const rebuild = async (client?: Client): Promise<number> => {
    let [sagas, mended, fromHistories, left] = [0, 0, 0, 0];
    const rebuilt = rebuildSagas({ journal, client, stop, after, apply });
    const end = await overSagas(rebuilt, stop, (saga) => {
      for (const sentence of saga.mended) say(`${apply ? 'MENDED' : 'WOULD MEND'}: ${sentence}`);
      for (const sentence of saga.left) say(`KEPT: ${sentence}`);
      sagas += 1;
      mended += saga.mended.length > 0 ? 1 : 0;
      fromHistories += saga.fromHistory ? 1 : 0;
      left += saga.left.length > 0 ? 1 : 0;
    });
    say(
      `${sagas} sagas, ${mended} ${apply ? 'mended' : 'would be mended'}, ${fromHistories} of them from their histories; ${left} kept with what cannot be proved`,
    );
    if (!apply && mended > 0) say('Nothing was written: --apply does it.');
    if (end !== 'done') return EXIT[end];
    return left > 0 || (!apply && mended > 0) ? 1 : 0;
  };
  const work = (): Promise<number> => (values['events-only'] ? rebuild() : withTemporal(config, rebuild));
  return apply ? audited(journal, values, work) : work();
}

/** Records the repair: who has changed the journal's tables, why, and whether all of it was done. */
async function audited(
  target: JournalTarget,
  { by = userInfo().username, reason }: { readonly by?: string | undefined; readonly reason?: string | undefined },
  work: () => Promise<number>,
): Promise<number> {
  await migrateJournal(target.databaseUrl, JOURNAL_SCHEMA, target.migrationWaitMs);
  const pool = journalPool({ ...target, poolSize: 1 });
  const answered = (exitCode: number): DecisionOutcome => ({ outcome: exitCode === 0 ? 'accepted' : 'undecided' });
  const asked = { ...commandLineCaller(by), action: 'journal-rebuild', reason };
  try {
    return await recordDecision(openAudit(pool, JOURNAL_SCHEMA), asked, work, answered);
  } finally {
    await pool.end();
  }
}

export const command: Command = { usage: USAGE, run };
