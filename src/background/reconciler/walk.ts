/** A walk of the reconciler over the places where something may have been left behind. */
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { JournalReader } from '../../journal/read/reader.js';
import type { ServiceUrls } from '../../oracle/read-books.js';
import type { StandingDeps } from '../../steering/reconciler/standing.js';

export interface ReconcilerDeps extends StandingDeps {
  readonly pool: Pool;
  readonly schema: string;
  readonly journal: Pick<JournalReader, 'getSaga'>;
  readonly books: ServiceUrls;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** Some sagas to look at, and what to store once each of them was looked at. */
export interface Suspects {
  readonly sagaIds: readonly string[];
  /** The place of the walk after them; undefined if nothing has to be stored. */
  readonly place?: { readonly walk: string; readonly at: string; readonly rounded: boolean } | undefined;
}

/** Yields pages of suspects, each of bounded size, until its round or its time is over. */
export type Walk = (deps: ReconcilerDeps, until: number) => AsyncGenerator<Suspects>;
