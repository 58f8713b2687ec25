import { pino } from 'pino';
import { openDatabase, type Database } from '../../../src/services/participant/database.js';
import { deleteEffect, putEffect } from '../../../src/services/participant/ledger.js';
import { databaseUrl, freshSchema } from '../../support/database.js';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({
    databaseUrl: databaseUrl(),
    schema: freshSchema('transactions'),
    schemaFile: new URL('../../../src/services/notification/schema.sql', import.meta.url),
    logger: pino({ level: 'silent' }),
  });
});
afterAll(() => database?.close());

const statusOf = async (id: string): Promise<unknown> =>
  (await database.query<{ status: string }>('SELECT status FROM effects WHERE id = $1', [id]))[0]?.status;

describe("a transaction of a participant's database", () => {
  it('leaves nothing behind if its work throws, even after writes', async () => {
    const failing = database.transaction(async (sql) => {
      await sql(`INSERT INTO effects (id, status) VALUES ('half-done', 'fenced')`);
      throw new Error('refused');
    });
    await expect(failing).rejects.toThrow('refused');
    expect(await statusOf('half-done')).toBeUndefined();
  });

  it('stores nothing of a compensation that is refused: the effect stays as it was (rule 20)', async () => {
    await putEffect(database, { id: 'kept', orderId: 'kept', fingerprint: 'one' }, async () => undefined);
    const refused = deleteEffect(database, 'kept', async (sql) => {
      await sql(`INSERT INTO effects (id, status) VALUES ('of-the-refusal', 'fenced')`);
      await sql(`UPDATE effects SET status = 'undone' WHERE id = 'kept'`);
      return { code: 'RefundRefused', detail: 'Too late.' };
    });
    await expect(refused).rejects.toMatchObject({ code: 'RefundRefused' });
    expect(await statusOf('kept')).toBe('applied');
    expect(await statusOf('of-the-refusal')).toBeUndefined();
  });
});
