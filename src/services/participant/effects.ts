/** Reading the ledger: one effect, or a page of them. */
import type { Database } from './database.js';
import { ROW, type EffectRow } from './ledger.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

/** An effect as the service answers it. `effect` answers the question "did it happen, and does it still stand?". */
export interface Effect extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly status: EffectRow['status'];
  readonly effect: 'applied' | 'none';
}

export function present(row: EffectRow): Effect {
  return {
    id: row.id,
    status: row.status,
    effect: row.status === 'applied' ? 'applied' : 'none',
    ...(row.orderId === null ? {} : { orderId: row.orderId }),
    ...row.detail,
    ...(row.status === 'refused' ? { code: row.refusal?.code } : {}),
  };
}

/** For an id that no request has named yet the answer is `none`. */
export async function readEffect(database: Database, id: string): Promise<Effect> {
  const [row] = await database.query<EffectRow & Record<string, unknown>>(
    `SELECT ${ROW} FROM effects e WHERE e.id = $1`,
    [id],
  );
  return row === undefined ? { id, status: 'none', effect: 'none' } : present(row);
}

export interface EffectFilter {
  readonly orderId?: string | undefined;
  readonly effect?: 'applied' | undefined;
}

/**
 * One page, in the order of the ids. An id never changes, so an effect that stands while the pages are read is on
 * exactly one of them, even if others are written in between.
 */
export async function listEffects(database: Database, filter: EffectFilter, page: PageRequest): Promise<Page<Effect>> {
  const values: unknown[] = [page.after, page.limit + 1];
  const conditions = ['e.id > $1'];
  if (filter.effect === 'applied') conditions.push(`e.status = 'applied'`);
  if (filter.orderId !== undefined) conditions.push(`e.order_id = $${values.push(filter.orderId)}`);
  const rows = await database.query<EffectRow & Record<string, unknown>>(
    `SELECT ${ROW} FROM effects e WHERE ${conditions.join(' AND ')} ORDER BY e.id LIMIT $2`,
    values,
  );
  return pageOf(rows.map(present), page.limit, ({ id }) => id);
}
