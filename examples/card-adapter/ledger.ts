/**
 * The adapter's own record: one row for each id, in PostgreSQL. Each change is committed by itself, because the processor
 * is not in our transaction: the row says what is about to be asked of it before it is asked.
 */
import type { Pool, PoolClient } from 'pg';
import type { Charge } from './processor.js';

export interface Row {
  readonly id: string;
  /** `charging` and `refunding`: asked of the processor, and the answer is not known yet. */
  readonly status: 'charging' | 'applied' | 'refused' | 'refunding' | 'undone' | 'fenced';
  readonly request: (Charge & { readonly orderId: string }) | null;
  readonly chargeId: string | null;
  /** Why the processor refused the charge. */
  readonly code: string | null;
  /** Refunds that the processor refused: each new try needs a key of its own. */
  readonly refusedRefunds: number;
  /** Since the charge was first asked for. */
  readonly ageMs: number;
}

const TABLE = `CREATE TABLE IF NOT EXISTS card_payments (
  id text COLLATE "C" PRIMARY KEY, status text NOT NULL, request jsonb, charge_id text, code text,
  refused_refunds int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now())`;

const COLUMNS = `id, status, request, charge_id AS "chargeId", code, refused_refunds AS "refusedRefunds",
  extract(epoch FROM now() - created_at)::float8 * 1000 AS "ageMs"`;

export interface Ledger {
  find(): Promise<Row | undefined>;
  /** Writes the row if there is none, and returns the one that is there. */
  begin(status: 'charging' | 'fenced', request?: Row['request']): Promise<Row>;
  change(changes: Partial<Pick<Row, 'status' | 'chargeId' | 'code' | 'refusedRefunds'>>): Promise<Row>;
}

export const createTable = (pool: Pool): Promise<unknown> => pool.query(TABLE);

/**
 * Calls of one id are judged one after the other, in all processes of the adapter: an advisory lock of PostgreSQL is held
 * while the processor is asked. If the session breaks, the lock is gone; what is done then is still safe, since the
 * processor knows the key.
 */
export async function inTurn<T>(pool: Pool, id: string, act: (ledger: Ledger) => Promise<T>): Promise<T> {
  const session = await pool.connect();
  let broken = true;
  try {
    await session.query('SELECT pg_advisory_lock(hashtextextended($1, 15))', [id]);
    const acting = act(ledgerOf(session, id));
    await acting.catch(() => undefined);
    await session.query('SELECT pg_advisory_unlock(hashtextextended($1, 15))', [id]);
    broken = false;
    return await acting;
  } finally {
    session.release(broken);
  }
}

export async function findRow(pool: Pool, id: string): Promise<Row | undefined> {
  return (await pool.query<Row>(`SELECT ${COLUMNS} FROM card_payments WHERE id = $1`, [id])).rows[0];
}

/** What stands of an order, or of all; `refunding` may still stand. */
export async function listStanding(
  pool: Pool,
  orderId: string | undefined,
  after: string,
  limit: number,
): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `SELECT ${COLUMNS} FROM card_payments WHERE status IN ('applied', 'refunding') AND id > $1
     AND ($2::text IS NULL OR request->>'orderId' = $2) ORDER BY id LIMIT $3`,
    [after, orderId ?? null, limit],
  );
  return rows;
}

function ledgerOf(session: PoolClient, id: string): Ledger {
  const one = async (sql: string, values: readonly unknown[]): Promise<Row | undefined> =>
    (await session.query<Row>(sql, [id, ...values])).rows[0];
  const find = (): Promise<Row | undefined> => one(`SELECT ${COLUMNS} FROM card_payments WHERE id = $1`, []);
  return {
    find,
    async begin(status, request = null) {
      const insert = `INSERT INTO card_payments (id, status, request) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO NOTHING RETURNING ${COLUMNS}`;
      return present(
        (await one(insert, [status, request === null ? null : JSON.stringify(request)])) ?? (await find()),
      );
    },
    async change({ status, chargeId, code, refusedRefunds }) {
      const update = `UPDATE card_payments SET status = COALESCE($2, status), charge_id = COALESCE($3, charge_id),
        code = COALESCE($4, code), refused_refunds = COALESCE($5, refused_refunds) WHERE id = $1 RETURNING ${COLUMNS}`;
      return present(await one(update, [status, chargeId, code, refusedRefunds]));
    },
  };
}

function present(row: Row | undefined): Row {
  if (row === undefined) throw new Error('The row is not there, although nothing is ever deleted.');
  return row;
}
