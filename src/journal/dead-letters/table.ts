/** The table of dead letters: the work that needs a person. */
import { escapeIdentifier } from 'pg';
import { JOURNAL_SCHEMA, journalPool, type JournalPoolOptions } from '../write/journal.js';
import type { Letter } from './from-events.js';
import { migrateJournal } from '../tables/migrate.js';

export const LETTER_KINDS = ['blocked', 'undelivered', 'rejectedEvent', 'rejectedCommand', 'parkedCommand'] as const;

/** Times are ISO 8601. */
export interface DeadLetter extends Omit<Letter, 'kind' | 'step'> {
  readonly id: string;
  readonly kind: (typeof LETTER_KINDS)[number];
  readonly sagaId: string | null;
  readonly step: string | null;
  readonly sink: string | null;
  readonly eventId: string | null;
}

/** A filter of the list: each given field narrows it. */
export interface LetterFilter {
  /** `open` unless it says otherwise. */
  readonly which?: 'open' | 'all' | undefined;
  readonly kind?: DeadLetter['kind'] | undefined;
  readonly sagaId?: string | undefined;
  readonly step?: string | undefined;
  readonly sink?: string | undefined;
  /** The code in its `reason`, exactly. */
  readonly code?: string | undefined;
  /** Milliseconds since it was written first. */
  readonly olderThan?: number | undefined;
}

export interface DeadLetters {
  /** A page in the order of the numbers, after `after`; at most `limit`, 500 unless set. */
  list(filter: LetterFilter, after?: string, limit?: number): Promise<DeadLetter[]>;
  /** All letters in the order of their numbers, read page by page, so that only one page is in memory. */
  listAll(filter: LetterFilter, after?: string): AsyncGenerator<DeadLetter>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** False if another operator has resolved it before. */
  resolve(id: string, how: { resolution: string; actor: string; reason: string }): Promise<boolean>;
  /** Counts one more attempt that did not succeed. */
  noteFailure(id: string, reason: string): Promise<void>;
  close(): Promise<void>;
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

const AT_A_TIME = 500;
/** A filter that few letters pass reads many rows, so this is longer than the patience for callers. */
const PATIENCE_MS = 15_000;

function conditionsOf(filter: LetterFilter, after: string) {
  const { which = 'open', kind, sagaId, step, sink, code, olderThan } = filter;
  const values: unknown[] = [after];
  const conditions = [
    [kind, (n: number) => `kind = $${n}`],
    [sagaId, (n: number) => `saga_id = $${n}`],
    [step, (n: number) => `step = $${n}`],
    [sink, (n: number) => `sink = $${n}`],
    [code, (n: number) => `reason = $${n}`],
    [olderThan, (n: number) => `first_at < clock_timestamp() - $${n}::double precision * interval '1 millisecond'`],
  ] as const;
  const where = conditions.flatMap(([value, text]) => (value === undefined ? [] : [text(values.push(value))]));
  return { where: ['id > $1', ...(which === 'open' ? ['resolution IS NULL'] : []), ...where].join(' AND '), values };
}

export async function openDeadLetters(options: JournalPoolOptions): Promise<DeadLetters> {
  const { databaseUrl, schema: name = JOURNAL_SCHEMA } = options;
  await migrateJournal(databaseUrl, name, options.migrationWaitMs);
  const pool = journalPool({ patienceMs: PATIENCE_MS, ...options });
  const table = `${escapeIdentifier(name)}.dead_letters`;
  const list: DeadLetters['list'] = async (filter, after = '0', limit = AT_A_TIME) => {
    const { where, values } = conditionsOf(filter, after);
    const { rows } = await pool.query<Row>(
      `SELECT ${COLUMNS} FROM ${table} WHERE ${where} ORDER BY id LIMIT $${values.length + 1}`,
      [...values, limit],
    );
    return rows.map(letterOf);
  };
  return {
    list,
    async *listAll(filter, after = '0') {
      for (let last = after; ;) {
        const letters = await list(filter, last);
        yield* letters;
        if (letters.length < AT_A_TIME) return;
        last = letters.at(-1)?.id ?? last;
      }
    },
    async get(id) {
      const { rows } = await pool.query<Row>(`SELECT ${COLUMNS} FROM ${table} WHERE id = $1`, [id]);
      return rows[0] && letterOf(rows[0]);
    },
    async resolve(id, { resolution, actor, reason }) {
      const { rowCount } = await pool.query(
        `UPDATE ${table} SET resolution = $2, resolved_by = $3, resolved_reason = $4, resolved_at = clock_timestamp()
         WHERE id = $1 AND resolution IS NULL`,
        [id, resolution, actor, reason],
      );
      return rowCount === 1;
    },
    async noteFailure(id, reason) {
      await pool.query(
        `UPDATE ${table} SET attempts = attempts + 1, last_at = clock_timestamp(), reason = $2
         WHERE id = $1 AND resolution IS NULL`,
        [id, reason],
      );
    },
    close: () => pool.end(),
  };
}
