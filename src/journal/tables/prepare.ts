/** The journal's schema at the start of a process. */
import type { Logger } from 'pino';
import { JournalUnavailableError } from './unavailable.js';
import { reasonOf } from '../../platform/reason.js';

/**
 * Brings the schema up to date. A database that is away is only logged: orders go on without the journal, and it is
 * prepared when it is back. A schema that cannot be migrated, or is of a later release, ends the start.
 */
export async function prepareJournal(journal: { prepare(): Promise<void> }, logger: Logger): Promise<void> {
  try {
    await journal.prepare();
  } catch (error) {
    if (!(error instanceof JournalUnavailableError)) throw error;
    logger.warn({ reason: reasonOf(error.cause) }, 'the journal is away: orders go on without it');
  }
}
