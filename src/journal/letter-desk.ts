/** The table of what needs a human, as an operator works it off. */
import { escapeIdentifier } from 'pg';
import { JOURNAL_SCHEMA, journalPool, type JournalPoolOptions } from './journal.js';
import type { Letter } from './letters.js';
import { migrateJournal } from './migrate.js';

/** Times are ISO 8601. */
export interface DeadLetter extends Omit<Letter, 'kind' | 'step'> {
  readonly id: string;
  readonly kind: Letter['kind'] | 'rejectedEvent' | 'rejectedCommand';
  readonly sagaId: string | null;
  readonly step: string | null;
  readonly sink: string | null;
  readonly eventId: string | null;
}

export interface LetterDesk {
  /** Open ones, the oldest first, or all of them. */
  list(which: 'open' | 'all'): Promise<DeadLetter[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** False where somebody else has closed it meanwhile. */
  close(id: string, how: { resolution: string; actor: string; reason: string }): Promise<boolean>;
  /** One more try to no end. */
  failedAgain(id: string, reason: string): Promise<void>;
  end(): Promise<void>;
}

interface Row {
  readonly id: string;
  readonly kind: DeadLetter['kind'];
  readonly saga_id: string | null;
  readonly step: string | null;
  readonly sink: string | null;
  readonly event_id: string | null;
  readonly reason: string;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly attempts: number;
  readonly resolution: string | null;
  readonly resolved_by: string | null;
  readonly resolved_reason: string | null;
  readonly resolved_at: Date | null;
}

const COLUMNS =
  'id, kind, saga_id, step, sink, event_id, reason, first_at, last_at, attempts, resolution, resolved_by, resolved_reason, resolved_at';

const letterOf = (row: Row): DeadLetter => ({
  id: row.id,
  kind: row.kind,
  sagaId: row.saga_id,
  step: row.step,
  sink: row.sink,
  eventId: row.event_id,
  reason: row.reason,
  firstAt: row.first_at.toISOString(),
  lastAt: row.last_at.toISOString(),
  attempts: row.attempts,
  resolution: row.resolution,
  resolvedBy: row.resolved_by,
  resolvedReason: row.resolved_reason,
  resolvedAt: row.resolved_at?.toISOString() ?? null,
});

export async function openLetterDesk(options: JournalPoolOptions): Promise<LetterDesk> {
  const { databaseUrl, schema: name = JOURNAL_SCHEMA } = options;
  await migrateJournal(databaseUrl, name, options.migrationWaitMs);
  const pool = journalPool(options);
  const table = `${escapeIdentifier(name)}.dead_letters`;
  return {
    async list(which) {
      const where = which === 'open' ? 'WHERE resolution IS NULL' : '';
      const { rows } = await pool.query<Row>(`SELECT ${COLUMNS} FROM ${table} ${where} ORDER BY first_at, id`);
      return rows.map(letterOf);
    },
    async get(id) {
      const { rows } = await pool.query<Row>(`SELECT ${COLUMNS} FROM ${table} WHERE id = $1`, [id]);
      return rows[0] && letterOf(rows[0]);
    },
    async close(id, { resolution, actor, reason }) {
      const { rowCount } = await pool.query(
        `UPDATE ${table} SET resolution = $2, resolved_by = $3, resolved_reason = $4, resolved_at = clock_timestamp()
         WHERE id = $1 AND resolution IS NULL`,
        [id, resolution, actor, reason],
      );
      return rowCount === 1;
    },
    async failedAgain(id, reason) {
      await pool.query(
        `UPDATE ${table} SET attempts = attempts + 1, last_at = clock_timestamp(), reason = $2
         WHERE id = $1 AND resolution IS NULL`,
        [id, reason],
      );
    },
    end: () => pool.end(),
  };
}
