/** What an operator's commands do with the whole journal: walk over it, fold it anew, look it through. */
import { escapeIdentifier, type PoolClient } from 'pg';
import type { EventRecord, LetterRecord, Stored } from './check.js';
import { JOURNAL_SCHEMA, journalPool, type JournalPoolOptions } from './journal.js';
import { lettersOf } from './letters.js';
import { storeLetters } from './letter-rows.js';
import { migrateJournal } from './migrate.js';
import { confirm, lock, readHead, readInForce, recordAfter, upsertSaga } from './settle.js';
import { SAGA_COLUMNS, type SagaRow } from './saga-row.js';

export interface Maintenance {
  /** Every saga that has an event or a row, in the order of the ids. */
  sagaIds(): AsyncIterable<string>;
  /** Makes a saga's row and dead letters what its events say; a row without events goes. */
  refold(sagaId: string): Promise<void>;
  /** Everything that is stored of a saga; `problemsOf` says what is wrong with it. */
  read(sagaId: string): Promise<Stored>;
  close(): Promise<void>;
}

const AT_A_TIME = 500;

export async function openMaintenance(options: JournalPoolOptions): Promise<Maintenance> {
  const { databaseUrl, schema: name = JOURNAL_SCHEMA } = options;
  await migrateJournal(databaseUrl, name, options.migrationWaitMs);
  const pool = journalPool(options);
  const schema = escapeIdentifier(name);
  return {
    async *sagaIds() {
      for (let after = ''; ;) {
        const { rows } = await pool.query<{ saga_id: string }>(
          `SELECT saga_id FROM ${schema}.saga_events WHERE saga_id > $1
           UNION SELECT saga_id FROM ${schema}.sagas WHERE saga_id > $1 ORDER BY saga_id LIMIT $2`,
          [after, AT_A_TIME],
        );
        for (const { saga_id } of rows) yield saga_id;
        after = rows.at(-1)?.saga_id ?? '';
        if (rows.length < AT_A_TIME) return;
      }
    },
    async refold(sagaId) {
      const client = await pool.connect();
      let failed = true;
      try {
        await refold(client, schema, sagaId);
        failed = false;
      } finally {
        client.release(failed);
      }
    },
    async read(sagaId) {
      const [events, rows, letters] = await Promise.all([
        pool.query<EventRecord>(
          `SELECT branch, seq, id, position, type, data, at, run_id, superseded_by FROM ${schema}.saga_events
           WHERE saga_id = $1 ORDER BY branch, seq`,
          [sagaId],
        ),
        pool.query<SagaRow>(`SELECT ${SAGA_COLUMNS} FROM ${schema}.sagas WHERE saga_id = $1`, [sagaId]),
        pool.query<LetterRecord>(
          `SELECT kind, step, reason, attempts, resolution FROM ${schema}.dead_letters
           WHERE saga_id = $1 AND kind IN ('blocked', 'undelivered')`,
          [sagaId],
        ),
      ]);
      return { events: events.rows, row: rows.rows[0], letters: letters.rows };
    },
    close: () => pool.end(),
  };
}

async function refold(client: PoolClient, schema: string, sagaId: string): Promise<void> {
  await client.query('BEGIN');
  await lock(client, sagaId);
  const head = await readHead(client, schema, sagaId);
  const events = await readInForce(client, schema, sagaId, 1);
  const last = events.at(-1);
  if (last) {
    const prefix = events.filter(({ seq }, index) => seq === index + 1);
    await confirm(client, schema, sagaId, prefix.length);
    const [first] = prefix;
    const sagaType = first?.event.type === 'SagaStarted' ? first.event.sagaType : (head?.record.sagaType ?? '');
    await upsertSaga(client, schema, {
      record: recordAfter({ sagaId, sagaType }, prefix),
      version: prefix.length,
      branch: Math.max(...events.map(({ branch }) => branch)),
      // A run that was continued as new, or reset, may not have said anything new yet.
      runId: head?.runId ?? last.runId,
      behindGap: prefix.length < events.length,
    });
    await storeLetters(client, schema, sagaId, lettersOf(sagaId, prefix));
  } else {
    await client.query(`DELETE FROM ${schema}.sagas WHERE saga_id = $1`, [sagaId]);
  }
  await client.query('COMMIT');
}
