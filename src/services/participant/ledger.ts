/**
 * The ledger of effects, which makes a saga undoable (rules 19 to 23).
 *
 *   now              PUT                                     DELETE
 *   none             → applied, or refused (both stored)     → fenced: the tombstone
 *   applied          the stored answer, no second effect     → undone, once; or refused by business, which is not stored
 *   refused          the stored refusal, for ever            → fenced
 *   undone, fenced   410 AlreadyCancelled                    the same answer again
 *
 * Both lock the id's row first, so that they are judged one after the other: a DELETE waits for a running PUT.
 */
import type { Database, Sql } from './database.js';
import { ProblemError, type ProblemCode } from './problem.js';

export interface EffectRow {
  readonly id: string;
  readonly status: 'none' | 'applied' | 'refused' | 'undone' | 'fenced';
  readonly orderId: string | null;
  readonly fingerprint: string | null;
  readonly refusal: Refusal | null;
  /** The details of the effect, from the service's view `effect_details`. */
  readonly detail: Readonly<Record<string, unknown>> | null;
}

/** A definitive business answer: nothing happened, and the same request will get the same answer. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
}

/**
 * The business side of a PUT or DELETE, inside the ledger's transaction. It judges before it writes, because a write
 * before a refusal would be committed with it. It may run again (see `Database.transaction`), so it does only SQL.
 */
export type Judgement = (sql: Sql) => Promise<Refusal | undefined>;

interface PutRequest {
  readonly id: string;
  readonly orderId: string;
  readonly fingerprint: string;
}

export const ROW = `e.id, e.status, e.order_id AS "orderId", e.fingerprint, e.refusal,
  (SELECT d.detail FROM effect_details d WHERE d.id = e.id) AS detail`;

/**
 * Applies the effect once, or returns the stored answer. A refusal is in the row that it returns.
 * @throws ProblemError 410 `AlreadyCancelled`, 409 `IdempotencyMismatch`
 */
export async function putEffect(database: Database, request: PutRequest, apply: Judgement): Promise<EffectRow> {
  const { id, orderId, fingerprint } = request;
  return database.transaction(async (sql) => {
    const claimed = await sql(
      `INSERT INTO effects (id, status, order_id, fingerprint) VALUES ($1, 'none', $2, $3)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [id, orderId, fingerprint],
    );
    if (claimed.length === 0) return replay(await lock(sql, id), fingerprint);
    const refusal = await apply(sql);
    return refusal === undefined ? settle(sql, id, 'applied') : settle(sql, id, 'refused', refusal);
  });
}

/**
 * Undoes the effect. The status is `undone` if something was undone (now or before), `fenced` if there was nothing to
 * do.
 */
export async function deleteEffect(database: Database, id: string, undo: Judgement): Promise<EffectRow> {
  return database.transaction(async (sql) => {
    const [tombstone] = await sql<EffectRow & Record<string, unknown>>(
      `INSERT INTO effects AS e (id, status) VALUES ($1, 'fenced') ON CONFLICT (id) DO NOTHING RETURNING ${ROW}`,
      [id],
    );
    if (tombstone !== undefined) return tombstone;
    const row = await lock(sql, id);
    if (row.status === 'refused') return settle(sql, id, 'fenced');
    if (row.status !== 'applied') return row;
    const refusal = await undo(sql);
    // Thrown, so nothing is stored: the effect stays applied, and a later DELETE is judged again.
    if (refusal !== undefined) throw new ProblemError(refusal.code, refusal.detail);
    return settle(sql, id, 'undone');
  });
}

/** Waits for other transactions that hold this id, and sees their commits. */
async function lock(sql: Sql, id: string): Promise<EffectRow> {
  // Two statements, because a statement that waited for the lock sees the row as it is now, but its subquery for the
  // detail still reads the older snapshot.
  await sql('SELECT FROM effects WHERE id = $1 FOR UPDATE', [id]);
  return only(await sql<EffectRow & Record<string, unknown>>(`SELECT ${ROW} FROM effects e WHERE e.id = $1`, [id]));
}

function replay(row: EffectRow, fingerprint: string): EffectRow {
  if (row.status === 'undone' || row.status === 'fenced') {
    throw new ProblemError('AlreadyCancelled', `${row.id} was cancelled; it will not be applied any more.`);
  }
  if (row.fingerprint !== fingerprint) {
    throw new ProblemError('IdempotencyMismatch', `${row.id} was asked for before with other content.`);
  }
  return row;
}

async function settle(
  sql: Sql,
  id: string,
  status: EffectRow['status'],
  refusal: Refusal | null = null,
): Promise<EffectRow> {
  const rows = await sql<EffectRow & Record<string, unknown>>(
    `UPDATE effects e SET status = $2, refusal = COALESCE($3, e.refusal), updated_at = now()
     WHERE e.id = $1 RETURNING ${ROW}`,
    [id, status, refusal === null ? null : JSON.stringify(refusal)],
  );
  return only(rows);
}

function only(rows: readonly EffectRow[]): EffectRow {
  const [row] = rows;
  if (row === undefined) throw new Error('The effect that this transaction holds is not there.');
  return row;
}
