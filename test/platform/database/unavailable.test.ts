/** One answer to "is PostgreSQL away?" for the orders and for the journal. */
import { DatabaseError, Pool } from 'pg';
import { JournalUnavailableError, orUnavailable as inJournal } from '../../../src/journal/tables/unavailable.js';
import { InvalidCursorError } from '../../../src/journal/read/reader.js';
import { OrdersUnavailableError, orUnavailable as inOrders } from '../../../src/orders/store/unavailable.js';
import { SchemaTooNewError } from '../../../src/platform/database/migrate.js';
import { isAway } from '../../../src/platform/database/unavailable.js';
import { databaseUrl } from '../../support/database.js';

const sqlState = (code: string): DatabaseError => Object.assign(new DatabaseError('refused', 0, 'error'), { code });

describe('PostgreSQL is away', () => {
  test.each([
    ['its connection broke', sqlState('08006')],
    ['its disk is full', sqlState('53100')],
    ['it is shutting down', sqlState('57P01')],
    ['it has ended a statement that took too long', sqlState('57014')],
    ['it is a standby', sqlState('25006')],
    ['it has rolled back one side of a deadlock', sqlState('40P01')],
    ['the driver has lost it', new Error('Connection terminated unexpectedly')],
    ['none of its addresses answers', new AggregateError([new Error('connect ECONNREFUSED ::1:5432')])],
  ])('if %s', (_, error) => {
    expect(isAway(error)).toBe(true);
  });

  test.each([
    ['it refuses a value', sqlState('22P02')],
    ['a table is missing', sqlState('42P01')],
    ['its schema is of a later release', new SchemaTooNewError('start that release')],
    ['a cursor comes from no list', new InvalidCursorError('This cursor comes from no list')],
    ['our code is wrong', new TypeError('x is not a function')],
    ['something is thrown that is no error', 'away'],
  ])('not if %s', (_, error) => {
    expect(isAway(error)).toBe(false);
  });
});

describe('a deadlock', () => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: databaseUrl(), max: 2 });
  });
  afterAll(() => pool.end());

  /** Two transactions that wait for one another: PostgreSQL rolls one of them back. */
  async function deadlock(wrap: <T>(query: () => Promise<T>) => Promise<T>): Promise<unknown> {
    const [one, other] = await Promise.all([pool.connect(), pool.connect()]);
    try {
      await Promise.all([one.query('BEGIN'), other.query('BEGIN')]);
      await one.query('SELECT pg_advisory_xact_lock(815001)');
      await other.query('SELECT pg_advisory_xact_lock(815002)');
      const waiting = [
        wrap(() => one.query('SELECT pg_advisory_xact_lock(815002)')),
        wrap(() => other.query('SELECT pg_advisory_xact_lock(815001)')),
      ];
      return await Promise.any(waiting.map((each) => each.then(() => Promise.reject(new Error('went on')), String)));
    } finally {
      one.release(true);
      other.release(true);
    }
  }

  test.each([
    ['orders', inOrders, OrdersUnavailableError],
    ['the journal', inJournal, JournalUnavailableError],
  ] as const)('among transactions of %s asks for a repeat: it is no fault of what was asked', async (_, wrap, Kind) => {
    expect(await deadlock(wrap)).toBe(String(new Kind(undefined)));
  });
});
