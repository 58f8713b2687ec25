/** A journal of its own for a test file, and what Temporal would say of the runs. */
import { Client } from 'pg';
import type { AskRun, RunAnswer } from '../../src/journal/write/append.js';
import { openJournal, type Journal } from '../../src/journal/write/journal.js';
import { openReader } from '../../src/journal/read/open-reader.js';
import type { StoredEvent } from '../../src/journal/read/reader.js';
import { openOrders } from '../../src/orders/store/orders.js';
import { databaseUrl, freshSchema } from '../support/database.js';

export async function openTestJournal({ url = databaseUrl(), schema = freshSchema('journal') } = {}) {
  const ordersSchema = freshSchema('orders');
  const orders = await openOrders({ databaseUrl: databaseUrl(), schema: ordersSchema, demoData: false });
  const standings = new Map<string, RunAnswer>();
  const askRun: AskRun = async (_, runId) => standings.get(runId) ?? { standing: 'superseded' };
  const opened: Journal[] = [];
  const open = (): Journal => {
    const journal = openJournal({ databaseUrl: url, schema, askRun });
    opened.push(journal);
    return journal;
  };
  const journal = open();
  const reader = openReader({ databaseUrl: url, schema, orders });
  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: url, options: `-c search_path=${schema}` });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    schema,
    url,
    journal,
    reader,
    orders,
    sql,
    standings,
    /** Another process on the same journal: it remembers nothing. */
    another: open,
    /** In force, in order. */
    events: (sagaId: string): Promise<readonly StoredEvent[]> => reader.getEvents(sagaId, { limit: 1000 }),
    all: (sagaId: string): Promise<readonly StoredEvent[]> =>
      reader.getEvents(sagaId, { limit: 1000, allBranches: true }),
    async close(): Promise<void> {
      await Promise.all([...opened.map((other) => other.close()), reader.close(), orders.close()]);
      await sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      const client = new Client({ connectionString: databaseUrl() });
      await client.connect();
      await client.query(`DROP SCHEMA IF EXISTS ${ordersSchema} CASCADE`);
      await client.end();
    },
  };
}

export type TestJournal = Awaited<ReturnType<typeof openTestJournal>>;
