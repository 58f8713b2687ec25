/** The journal as the worker keeps it: with a client of its own to ask Temporal which run is the current one. */
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { journalInterceptor } from '../activities/interceptors/store-journal.js';
import { openJournal, type JournalPoolOptions } from '../journal/write/journal.js';
import { prepareJournal } from '../journal/tables/prepare.js';
import { runStanding } from '../journal/audit/current-run.js';
import type { TemporalTarget } from '../platform/temporal/target.js';

/** Its database may be away: orders go on meanwhile, and what they have not stored they bring later. */
export async function openWorkersJournal(
  { databaseUrl, migrationWaitMs }: Pick<JournalPoolOptions, 'databaseUrl' | 'migrationWaitMs'>,
  target: TemporalTarget,
  logger: Logger,
) {
  const connection = Connection.lazy({ address: target.address, ...target.connection });
  const journal = openJournal({
    databaseUrl,
    migrationWaitMs,
    askRun: runStanding(new Client({ connection, namespace: target.namespace })),
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
