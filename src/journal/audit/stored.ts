/** The operators' work on the whole journal: walk over it, verify it, repair it. */
import { escapeIdentifier } from 'pg';
import type { Stored } from './differences.js';
import { JOURNAL_SCHEMA, journalPool, type JournalPoolOptions } from '../write/journal.js';
import { migrateJournal } from '../tables/migrate.js';
import { readStored } from './read-stored.js';
import { repair, type Repair, type RepairOptions } from './repair.js';
import { orUnavailable } from '../tables/unavailable.js';

/** Every method but `close` throws `JournalUnavailableError` while its database is away, or a table is locked. */
export interface Maintenance {
  /** Sagas that have an event or a row and come after an id, in the order of the ids; at most 500. */
  sagaIds(after: string): Promise<readonly string[]>;
  /** The ids among these that have neither an event nor a row. */
  unknown(ids: readonly string[]): Promise<readonly string[]>;
  read(sagaId: string): Promise<Stored>;
  repair(options: RepairOptions): Promise<Repair>;
  close(): Promise<void>;
}

const AT_A_TIME = 500;

/** Takes two sessions of the server, however many sagas there are. */
export async function openMaintenance(options: JournalPoolOptions): Promise<Maintenance> {
  const { databaseUrl, schema: name = JOURNAL_SCHEMA, migrationWaitMs } = options;
  await migrateJournal(databaseUrl, name, migrationWaitMs);
  const pool = journalPool({ poolSize: 2, ...options });
  const schema = escapeIdentifier(name);
  return {
    sagaIds: (after) =>
      orUnavailable(async () => {
        const { rows } = await pool.query<{ saga_id: string }>(idsAfter(schema), [after, AT_A_TIME]);
        return rows.map(({ saga_id }) => saga_id);
      }),
    unknown: (ids) =>
      orUnavailable(async () => {
        const { rows } = await pool.query<{ id: string }>(
          `SELECT asked.id FROM unnest($1::text[]) AS asked (id)
           WHERE NOT EXISTS (SELECT FROM ${schema}.sagas AS s WHERE s.saga_id = asked.id)
             AND NOT EXISTS (SELECT FROM ${schema}.saga_events AS e WHERE e.saga_id = asked.id)`,
          [ids],
        );
        return rows.map(({ id }) => id);
      }),
    read: (sagaId) =>
      orUnavailable(async () => {
        const client = await pool.connect();
        let failed = true;
        try {
          // Events and row of one moment.
          await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
          const stored = await readStored(client, schema, sagaId);
          await client.query('COMMIT');
          failed = false;
          return stored;
        } finally {
          client.release(failed);
        }
      }),
    repair: (wanted) =>
      orUnavailable(async () => {
        const client = await pool.connect();
        let failed = true;
        try {
          const repaired = await repair(client, schema, wanted);
          failed = false;
          return repaired;
        } finally {
          client.release(failed);
        }
      }),
    close: () => pool.end(),
  };
}

/** Seeks from id to id in the events' key: a page costs the same wherever it begins. */
const idsAfter = (schema: string): string => `
  WITH RECURSIVE of_events AS (
    (SELECT saga_id, 1 AS number FROM ${schema}.saga_events WHERE saga_id > $1 ORDER BY saga_id LIMIT 1)
    UNION ALL
    SELECT (SELECT next.saga_id FROM ${schema}.saga_events AS next WHERE next.saga_id > of_events.saga_id
            ORDER BY next.saga_id LIMIT 1), number + 1
    FROM of_events WHERE number < $2 AND of_events.saga_id IS NOT NULL
  ), of_rows AS (
    SELECT saga_id FROM ${schema}.sagas WHERE saga_id > $1 ORDER BY saga_id LIMIT $2
  )
  SELECT saga_id FROM (
    SELECT saga_id FROM of_events WHERE saga_id IS NOT NULL UNION SELECT saga_id FROM of_rows
  ) AS ids ORDER BY saga_id LIMIT $2`;
