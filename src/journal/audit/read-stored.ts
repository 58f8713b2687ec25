import type { ClientBase } from 'pg';
import type { LetterRecord, Stored } from './differences.js';
import { EVENT_COLUMNS, type EventRow } from '../tables/event-row.js';
import { SAGA_COLUMNS, type SagaRow } from '../tables/saga-row.js';

/**
 * Reads everything that is stored of a saga; `problemsOf` finds the faults in it. One statement, so that events and
 * row are of the same moment.
 *
 * @param schema escaped
 */
export async function readStored(client: Pick<ClientBase, 'query'>, schema: string, sagaId: string): Promise<Stored> {
  const events = await client.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM ${schema}.saga_events
     WHERE saga_id = $1 ORDER BY branch, seq`,
    [sagaId],
  );
  const rows = await client.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM ${schema}.sagas WHERE saga_id = $1`, [sagaId]);
  const letters = await client.query<LetterRecord>(
    `SELECT kind, step, reason, attempts, resolution FROM ${schema}.dead_letters
     WHERE saga_id = $1 AND kind IN ('blocked', 'undelivered')`,
    [sagaId],
  );
  return { events: events.rows, row: rows.rows[0], letters: letters.rows };
}
