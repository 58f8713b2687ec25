/** The worker's journal, with a client of its own that asks Temporal for the current run. */
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { journalInterceptor } from '../activities/interceptors/store-journal.js';
import { openJournal, type JournalPoolOptions } from '../journal/write/journal.js';
import { prepareJournal } from '../journal/tables/prepare.js';
import { askCurrentRun } from '../journal/audit/current-run.js';
import type { TemporalTarget } from '../platform/temporal/target.js';

/** Opens the journal. Its database may be away: the orders go on, and store their events later. */
export async function openWorkersJournal(
  { databaseUrl, migrationWaitMs }: Pick<JournalPoolOptions, 'databaseUrl' | 'migrationWaitMs'>,
  target: TemporalTarget,
  logger: Logger,
) {
  const connection = Connection.lazy({ address: target.address, ...target.connection });
  const journal = openJournal({
    databaseUrl,
    migrationWaitMs,
    askRun: askCurrentRun(new Client({ connection, namespace: target.namespace })),
    onSearchPath: true,
    onConnectionLoss: (error) => {
      logger.warn({ err: error }, "a connection to the journal's PostgreSQL is lost");
    },
  });
  await prepareJournal(journal, logger);
  const interceptor = journalInterceptor(journal, (now) => {
    logger.warn(now === 'away' ? 'the journal is away: orders go on without it' : 'the journal is back');
  });
  return {
    interceptor,
    async close(): Promise<void> {
      await journal.close();
      await connection.close();
    },
  };
}
