/** Lists of the read model. */
import type { Pool } from 'pg';
import { cursorOf, markOf, type Mark } from './page-cursor.js';
import type { Page, PageRequest, SagaFilter, StoredSaga } from './reader.js';
import type { SagaState } from '../../saga/record.js';
import { SAGA_COLUMNS, viewOf, type SagaRow } from '../tables/saga-row.js';

type MarkedRow = SagaRow & { readonly mark: string };

/** A saga, and its place in the list. */
export interface MarkedSaga {
  readonly saga: StoredSaga;
  readonly mark: Mark;
}

/** The beginning of a page, and its greatest length. */
interface From {
  /** The last one of the page before. */
  readonly after?: Mark | undefined;
  readonly limit: number;
}

/** In the order of their starts, newest first. These times never change, so sagas do not move between pages. */
async function listMarked(
  pool: Pool,
  schema: string,
  { state, type, blockedOn, olderThan }: SagaFilter,
  { after, limit }: From,
): Promise<MarkedSaga[]> {
  const values: unknown[] = [];
  const where = [
    state !== undefined && `state = $${values.push(state)}`,
    type !== undefined && `saga_type = $${values.push(type)}`,
    blockedOn !== undefined && `blocked_on = $${values.push(blockedOn)}`,
    olderThan !== undefined &&
      `updated_at < clock_timestamp() - $${values.push(olderThan)}::double precision * interval '1 millisecond'`,
    after && `(created_at, saga_id) < ($${values.push(after.time)}, $${values.push(after.id)})`,
  ].filter((condition) => typeof condition === 'string');
  const { rows } = await pool.query<MarkedRow>(
    `SELECT ${SAGA_COLUMNS}, created_at::text AS mark FROM ${schema}.sagas ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY created_at DESC, saga_id DESC LIMIT $${values.push(limit)}`,
    values,
  );
  return rows.map(markedOf);
}

const markedOf = (row: MarkedRow): MarkedSaga => ({ saga: viewOf(row), mark: { time: row.mark, id: row.saga_id } });

/** The creation time of the saga's order; if a saga does not have it, its start. */
const ORDERED = 'coalesce(ordered_at, created_at)';

interface Span {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** One index for each kind of list gives the rows in order, so that a page costs the same for any number of sagas. */
async function listSorted(
  pool: Pool,
  schema: string,
  { by, descending, kinds }: { by: string; descending: boolean; kinds: readonly { sql: string; value?: string }[] },
  { from, to, after, limit }: Span & From,
): Promise<MarkedSaga[]> {
  const [order, beyond] = descending ? ['DESC', '<'] : ['ASC', '>'];
  const values: unknown[] = [limit];
  const bounds = [
    from !== undefined && `${by} >= $${values.push(from)}`,
    to !== undefined && `${by} < $${values.push(to)}`,
    after && `(${by}, saga_id) ${beyond} ($${values.push(after.time)}, $${values.push(after.id)})`,
  ].filter((condition) => typeof condition === 'string');
  const parts = kinds.map(({ sql, value }) => {
    const kind = value === undefined ? sql : `${sql} = $${values.push(value)}`;
    const where = [kind, ...bounds].filter((condition) => condition !== '').join(' AND ');
    return `(SELECT ${SAGA_COLUMNS}, ${by} AS sorted FROM ${schema}.sagas ${where === '' ? '' : `WHERE ${where}`}
      ORDER BY ${by} ${order}, saga_id ${order} LIMIT $1)`;
  });
  const { rows } = await pool.query<MarkedRow>(
    `SELECT ${SAGA_COLUMNS}, sorted::text AS mark FROM (${parts.join(' UNION ALL ')}) AS found
     ORDER BY sorted ${order}, saga_id ${order} LIMIT $1`,
    values,
  );
  return rows.map(markedOf);
}

type Listing = Span & From;

/** Sagas of these states, by the creation of their orders, newest first. */
export const listOfStates = (pool: Pool, schema: string, states: readonly SagaState[], listing: Listing) =>
  listSorted(
    pool,
    schema,
    { by: ORDERED, descending: true, kinds: states.map((value) => ({ sql: 'state', value })) },
    listing,
  );

/** Sagas that wait for an approval, in the same order. */
export const listWaiting = (pool: Pool, schema: string, listing: Listing) =>
  listSorted(pool, schema, { by: ORDERED, descending: true, kinds: [{ sql: 'waiting_for IS NOT NULL' }] }, listing);

/**
 * In the order of their last events, oldest first: a saga that changes while a reader pages comes once more, and none
 * is missed.
 */
export const listByChange = (pool: Pool, schema: string, listing: Listing) =>
  listSorted(pool, schema, { by: 'updated_at', descending: false, kinds: [{ sql: '' }] }, listing);

export async function listSagas(
  pool: Pool,
  schema: string,
  filter: SagaFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<StoredSaga>> {
  const found = await listMarked(pool, schema, filter, { after: markOf(cursor), limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ saga }) => saga),
    next: found.length > limit && last ? cursorOf(last.mark) : null,
  };
}

export async function sagasOf(pool: Pool, schema: string, ids: readonly string[]): Promise<Map<string, StoredSaga>> {
  const { rows } = await pool.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM ${schema}.sagas WHERE saga_id = ANY ($1)`, [
    ids,
  ]);
  return new Map(rows.map((row) => [row.saga_id, viewOf(row)]));
}
