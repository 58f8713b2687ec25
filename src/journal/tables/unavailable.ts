import { DatabaseUnavailableError, unavailableAs } from '../../platform/database/unavailable.js';

/** The journal's PostgreSQL is away; repeat the request later. */
export class JournalUnavailableError extends DatabaseUnavailableError {
  override readonly name = 'JournalUnavailableError';

  constructor(cause: unknown) {
    super('The journal is not available', { cause });
  }
}

export const orUnavailable = unavailableAs(JournalUnavailableError);
