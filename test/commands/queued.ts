/** Messages as the broker delivers them, taken into queues in a schema of the test's own. */
import { Pool } from 'pg';
import { openInbox, type TakenIn } from '../../src/commands/inbox.js';
import { judge, type Received } from '../../src/commands/judge.js';
import { migrateJournal } from '../../src/journal/tables/migrate.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import type { CommandKey } from '../../src/caller.js';

export const items = [{ productId: '123', quantity: 2 }];

export const startOrder = (sagaId: string, more: object = {}) => ({ sagaId, command: 'StartOrder', items, ...more });
export const cancelOrder = (sagaId: string, more: object = {}) => ({
  sagaId,
  command: 'CancelOrder',
  reason: 'ordered_by_mistake',
  ...more,
});

let offset = 0;

export function received(content: unknown, more: Partial<Received> = {}): Received {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  offset += 1;
  return {
    place: `saga-commands/0/${offset}@1700000000000`,
    key: null,
    value: Buffer.from(text),
    headers: {},
    ...more,
  };
}

export async function commandTables() {
  const schema = freshSchema('commands');
  await migrateJournal(databaseUrl(), schema);
  const pool = new Pool({ connectionString: databaseUrl() });
  const inbox = openInbox(pool, schema);
  const takeIn = (messages: readonly Received[], keys?: readonly CommandKey[]): Promise<TakenIn[]> =>
    inbox.takeIn(messages.map((each) => ({ received: each, judged: judge(each, keys) })));
  /** `sql` with `@` in place of the schema. */
  const rows = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await pool.query<Record<string, unknown>>(sql.replaceAll('@', schema), values)).rows;
  return {
    schema,
    pool,
    takeIn,
    rows,
    inbox,
    close: async () => {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`);
      await pool.end();
    },
  };
}

export type CommandTables = Awaited<ReturnType<typeof commandTables>>;
