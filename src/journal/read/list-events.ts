/** The audit trail of all sagas, page by page, for readers that keep their cursor. */
import type { Pool } from 'pg';
import { readHorizon } from './horizon.js';
import { EVENT_COLUMNS, eventOf, type ConfirmedRow } from '../tables/event-row.js';
import { InvalidCursorError, type EventFilter, type EventPage, type PageRequest } from './reader.js';

/** The most events that one page looks at; a page of a rare type is returned short. */
const LOOKED_AT = 1_000;

interface Place {
  readonly txid: string;
  readonly position: string;
}

/** Both are numbers that PostgreSQL accepts: an xid8 and a bigint. */
const PLACE = /^(\d{1,18})\.(\d{1,18})$/;

const cursorAt = ({ txid, position }: Place): string => Buffer.from(`${txid}.${position}`).toString('base64url');

function placeOf(cursor: string): Place {
  const [, txid, position] = PLACE.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (txid === undefined || position === undefined) throw new InvalidCursorError('This cursor comes from no list');
  return { txid, position };
}

/** The transaction that confirmed the event, or the last one before it. */
async function placeAfter(pool: Pool, schema: string, after: number): Promise<Place> {
  const { rows } = await pool.query<Place>(
    `SELECT txid, position FROM ${schema}.saga_events WHERE position <= $1 ORDER BY position DESC LIMIT 1`,
    [after],
  );
  return rows[0] ?? { txid: '0', position: '0' };
}

/** Reads a page. An event that an older transaction could still overtake waits for the next page. */
export async function listEvents(
  pool: Pool,
  schema: string,
  { types, after = 0 }: EventFilter,
  { cursor, limit }: PageRequest,
): Promise<EventPage> {
  const from = cursor === undefined ? await placeAfter(pool, schema, after) : placeOf(cursor);
  // Read before the events, because no event below it can be added after that.
  const { below } = await readHorizon(pool);
  const lookAt = types === undefined ? limit : LOOKED_AT;
  const { rows } = await pool.query<(ConfirmedRow & { now: Date }) | { id: null; now: Date }>(
    `SELECT looked.*, clock.now FROM (SELECT now() AS now) AS clock LEFT JOIN (
       SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
       WHERE position IS NOT NULL AND (txid, position) > ($1::xid8, $2::bigint)
         AND txid < $4::xid8
       ORDER BY txid, position LIMIT $3
     ) AS looked ON true ORDER BY looked.txid, looked.position`,
    [from.txid, from.position, lookAt, below],
  );
  const looked = rows.flatMap((row) => (row.id === null ? [] : [row]));
  const items = [];
  let place = from;
  for (const row of looked) {
    place = row;
    if (types === undefined || types.includes(row.type)) items.push(eventOf(row));
    if (items.length === limit) break;
  }
  return {
    items,
    next: cursorAt(place),
    more: items.length === limit || looked.length === lookAt,
    asOf: (rows[0]?.now ?? new Date()).toISOString(),
  };
}
