/** The read model as it is listed. */
import type { Pool } from 'pg';
import { cursorOf, markOf, type Mark } from './cursor.js';
import type { Page, PageRequest, SagaFilter, SagaView } from './reader.js';
import { SAGA_COLUMNS, viewOf, type SagaRow } from './saga-row.js';

type MarkedRow = SagaRow & { readonly mark: string };

/** A saga, and where it stands in the list. */
export interface MarkedSaga {
  readonly saga: SagaView;
  readonly mark: Mark;
}

/** By the time of their start, newest first: that never changes, so nothing moves while somebody pages. */
export async function listMarked(
  pool: Pool,
  schema: string,
  filter: SagaFilter & { readonly from?: string | undefined; readonly to?: string | undefined },
  { before, limit }: { readonly before?: Mark | undefined; readonly limit: number },
): Promise<MarkedSaga[]> {
  const { state, type, blockedOn, olderThan, from, to } = filter;
  const values: unknown[] = [];
  const conditions = [
    [state, (n: number) => `state = $${n}`],
    [type, (n: number) => `saga_type = $${n}`],
    [blockedOn, (n: number) => `blocked_on = $${n}`],
    [olderThan, (n: number) => `updated_at < clock_timestamp() - $${n}::double precision * interval '1 millisecond'`],
    [from, (n: number) => `created_at >= $${n}`],
    [to, (n: number) => `created_at < $${n}`],
  ] as const;
  const where = conditions.flatMap(([value, text]) => (value === undefined ? [] : [text(values.push(value))]));
  if (before) where.push(`(created_at, saga_id) < ($${values.push(before.time)}, $${values.push(before.id)})`);
  const { rows } = await pool.query<MarkedRow>(
    `SELECT ${SAGA_COLUMNS}, created_at::text AS mark FROM ${schema}.sagas ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY created_at DESC, saga_id DESC LIMIT $${values.push(limit)}`,
    values,
  );
  return rows.map((row) => ({ saga: viewOf(row), mark: { time: row.mark, id: row.saga_id } }));
}

export async function listSagas(
  pool: Pool,
  schema: string,
  filter: SagaFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<SagaView>> {
  const found = await listMarked(pool, schema, filter, { before: markOf(cursor), limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ saga }) => saga),
    next: found.length > limit && last ? cursorOf(last.mark) : null,
  };
}

export async function sagasOf(pool: Pool, schema: string, ids: readonly string[]): Promise<Map<string, SagaView>> {
  const { rows } = await pool.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM ${schema}.sagas WHERE saga_id = ANY ($1)`, [
    ids,
  ]);
  return new Map(rows.map((row) => [row.saga_id, viewOf(row)]));
}
