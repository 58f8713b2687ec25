/** Opens the journal for reading. Needs neither Temporal nor a worker. */
import { escapeIdentifier } from 'pg';
import { openFindings } from '../findings/findings.js';
import { openAudit } from '../decisions/open-audit.js';
import { orderIdOf } from '../../order.js';
import { createFollowHub } from './follow-hub.js';
import { JOURNAL_SCHEMA, journalPool, once, soon, type JournalPoolOptions } from '../write/journal.js';
import { listEvents } from './list-events.js';
import { migrateJournal } from '../tables/migrate.js';
import type { OrdersSource } from './orders-source.js';
import { cancellationOf, eventsBehind, followAll, getEvents } from './events.js';
import { listOrders, startedView } from './orders.js';
import { listSagas, sagasOf } from './sagas.js';
import type { JournalReader } from './reader.js';
import { orUnavailable } from '../tables/unavailable.js';

export interface ReaderOptions extends JournalPoolOptions {
  readonly orders: OrdersSource;
}

export interface OpenReader extends JournalReader {
  /**
   * Brings the schema up to date, once; each method does it if it was not done before. @throws the errors of
   * `migrate`
   */
  prepare(): Promise<void>;
  close(): Promise<void>;
}

export function openReader(options: ReaderOptions): OpenReader {
  const { orders, databaseUrl, schema: name = JOURNAL_SCHEMA, migrationWaitMs } = options;
  const schema = escapeIdentifier(name);
  const pool = journalPool(options);
  // The first user makes the tables, because the API may be up before any worker.
  const prepare = once(() => migrateJournal(databaseUrl, name, migrationWaitMs));
  const read = <T>(query: () => Promise<T>): Promise<T> => orUnavailable(async () => soon(prepare()).then(query));
  const audit = openAudit(pool, name);
  const findings = openFindings(pool, name);
  const hub = createFollowHub((places) => read(() => eventsBehind(pool, schema, places)));
  return {
    prepare: () => orUnavailable(prepare),
    audit: {
      note: (note) => read(() => audit.note(note)),
      list: (filter, page) => read(() => audit.list(filter, page)),
    },
    findings: {
      list: (page) => read(() => findings.list(page)),
      alone: async (sagaId, act) => {
        await read(async () => undefined);
        return await findings.alone(sagaId, act);
      },
    },
    async getSaga(sagaId) {
      const known = await read(() => sagasOf(pool, schema, [sagaId]));
      const saga = known.get(sagaId);
      if (saga) return saga;
      const orderId = orderIdOf(sagaId);
      const [order] = orderId === undefined ? [] : await orders.list({ ids: [orderId] }, { limit: 1 });
      return order && order.startedAt !== null ? startedView(order.orderId, order.startedAt) : undefined;
    },
    listSagas: (filter, page) => read(() => listSagas(pool, schema, filter, page)),
    listOrders: (filter, page) => read(() => listOrders(pool, schema, orders, { filter, page })),
    listEvents: (filter, page) => read(() => listEvents(pool, schema, filter, page)),
    cancellationOf: (sagaId) => read(() => cancellationOf(pool, schema, sagaId)),
    getEvents: (sagaId, wanted) => read(() => getEvents(pool, schema, sagaId, wanted)),
    async *follow(sagaId, wanted) {
      await read(async () => undefined);
      if (sagaId !== undefined) {
        yield* hub.follow(sagaId, wanted.after ?? 0, wanted.signal);
        return;
      }
      const source = followAll(pool, schema, wanted);
      for (;;) {
        const next = await orUnavailable(() => source.next());
        if (next.done) return;
        yield next.value;
      }
    },
    close: () => pool.end(),
  };
}
