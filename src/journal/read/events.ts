/** Reads the audit stream: confirmed events only. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { readHorizon } from './horizon.js';
import { FOLLOWED_AT_A_TIME, type Place } from './follow-hub.js';
import { EVENT_COLUMNS, eventOf, type ConfirmedRow } from '../tables/event-row.js';
import type { Cancellation, StoredEvent } from './reader.js';

export async function getEvents(
  pool: Pool,
  schema: string,
  sagaId: string,
  { after = 0, limit, allBranches = false }: { after?: number | undefined; limit: number; allBranches?: boolean },
): Promise<StoredEvent[]> {
  const { rows } = await pool.query<ConfirmedRow>(
    `SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
     WHERE saga_id = $1 AND position > $2 ${allBranches ? '' : 'AND superseded_by IS NULL'}
     ORDER BY position LIMIT $3`,
    [sagaId, after, limit],
  );
  return rows.map(eventOf);
}

/** The accepted cancel of a saga; there is one at most. A cancel that a reset has superseded does not count. */
export async function cancellationOf(pool: Pool, schema: string, sagaId: string): Promise<Cancellation | undefined> {
  const { rows } = await pool.query<{ actor: string; reason: string; at: Date }>(
    `SELECT data ->> 'actor' AS actor, data ->> 'reason' AS reason, at FROM ${schema}.saga_events
     WHERE saga_id = $1 AND type = 'SagaCancelAccepted' AND superseded_by IS NULL AND position IS NOT NULL LIMIT 1`,
    [sagaId],
  );
  const [row] = rows;
  return row && { by: row.actor, reason: row.reason, at: row.at.toISOString() };
}

/**
 * The events after each of these places, in one statement. A saga's events are confirmed under a lock, so its
 * positions become visible in order.
 */
export async function eventsBehind(pool: Pool, schema: string, places: readonly Place[]): Promise<StoredEvent[][]> {
  const found: StoredEvent[][] = places.map(() => []);
  const { rows } = await pool.query<ConfirmedRow & { place: string }>(
    `SELECT place, ${EVENT_COLUMNS.replaceAll(/\w+/g, 'e.$&')}
     FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS f (saga_id, after, place)
     CROSS JOIN LATERAL (
       SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
       WHERE saga_id = f.saga_id AND position > f.after ORDER BY position LIMIT $3
     ) AS e ORDER BY place, e.position`,
    [places.map(({ sagaId }) => sagaId), places.map(({ after }) => after), FOLLOWED_AT_A_TIME],
  );
  for (const row of rows) found[Number(row.place) - 1]?.push(eventOf(row));
  return found;
}

/** How often a follower of all events asks again while there are none. */
const LOOK_EVERY_MS = 250;
const AT_A_TIME = 500;

/**
 * All events as they are confirmed. Positions of different sagas are committed out of order, so an event that could
 * still be overtaken waits until every older transaction that can write to the journal has ended (horizon.ts).
 */
export async function* followAll(
  pool: Pool,
  schema: string,
  { after = 0, signal }: { after?: number | undefined; signal: AbortSignal },
): AsyncGenerator<StoredEvent> {
  let [txid, position] = ['0', String(after)];
  if (after > 0) {
    const { rows } = await pool.query<{ txid: string }>(
      `SELECT txid FROM ${schema}.saga_events WHERE position <= $1 ORDER BY position DESC LIMIT 1`,
      [after],
    );
    txid = rows[0]?.txid ?? '0';
  }
  while (!signal.aborted) {
    const { below } = await readHorizon(pool);
    const { rows } = await pool.query<ConfirmedRow>(
      `SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
       WHERE position IS NOT NULL AND (txid, position) > ($1::xid8, $2::bigint) AND txid < $4::xid8
       ORDER BY txid, position LIMIT $3`,
      [txid, position, AT_A_TIME, below],
    );
    for (const row of rows) {
      if (signal.aborted) return;
      yield eventOf(row);
      [txid, position] = [row.txid, row.position];
    }
    if (rows.length < AT_A_TIME) await idle(signal);
  }
}

const idle = (signal: AbortSignal): Promise<unknown> =>
  pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
