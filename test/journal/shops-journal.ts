/** The journal of a test's shop: as the worker keeps it, in a schema of its own. */
import type { Client } from '@temporalio/client';
import { journalInterceptor } from '../../src/activities/interceptors/store-journal.js';
import { openJournal } from '../../src/journal/write/journal.js';
import { openReader } from '../../src/journal/read/open-reader.js';
import type { OrdersSource } from '../../src/journal/read/orders-source.js';
import { askCurrentRun } from '../../src/journal/audit/current-run.js';
import { databaseUrl, freshSchema } from '../support/database.js';

export function openShopsJournal(client: Client, orders: OrdersSource, url = databaseUrl()) {
  const schema = freshSchema('journal');
  const changes: string[] = [];
  const journal = openJournal({ databaseUrl: url, schema, askRun: askCurrentRun(client) });
  const reader = openReader({ databaseUrl: url, schema, orders });
  return {
    url,
    schema,
    journal,
    reader,
    /** When the breaker thought that the journal was away, and back. */
    changes,
    interceptor: journalInterceptor(journal, (now) => void changes.push(now)),
    events: (sagaId: string) => reader.getEvents(sagaId, { limit: 10_000 }),
    close: async () => {
      await Promise.all([journal.close(), reader.close()]);
    },
  };
}
