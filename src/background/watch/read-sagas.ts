/** The sagas of the read model that may be in trouble. Each question is answered by an index of its own (rule 52). */
import { escapeIdentifier, type Pool } from 'pg';
import type { LeftBehind, WatchedSaga } from './judge.js';

/** More sagas in one kind of trouble are not counted. */
const MOST = 5_000;

/** Steps whose outcome is unknown for less time may still be found out by a probe or a retry. */
const UNKNOWN_FOR = `interval '1 minute'`;

const OPEN = `state IN ('STARTED', 'PENDING', 'COMPENSATING')`;

export interface Limits {
  /** Milliseconds without an event after which a saga is stuck. */
  readonly stuckAfter: number;
  /** Milliseconds from the start of a saga to its deadline. */
  readonly deadline: number;
}

interface Row {
  readonly saga_id: string;
  readonly saga_type: string;
  readonly step: string | null;
  readonly code: string | null;
  readonly updated_at: Date;
  readonly created_at: Date;
}

const watched = (row: Row): WatchedSaga => ({
  sagaId: row.saga_id,
  sagaType: row.saga_type,
  step: row.step,
  code: row.code,
  updatedAt: row.updated_at.toISOString(),
  createdAt: row.created_at.toISOString(),
});

/** The step that a saga stands at, and the code of its last failure. `unknown`: the step whose outcome is not known. */
const columnsOf = (which: 'present' | 'unknown'): string => {
  const [step, isIt] =
    which === 'present'
      ? ['coalesce(blocked_on, current_step)', `s ->> 'name' = coalesce(blocked_on, current_step)`]
      : [
          `(SELECT s ->> 'name' FROM jsonb_array_elements(steps) AS s WHERE s ->> 'status' = 'unknown' LIMIT 1)`,
          `s ->> 'status' = 'unknown'`,
        ];
  return `saga_id, saga_type, updated_at, created_at, ${step} AS step,
    (SELECT s -> 'error' ->> 'code' FROM jsonb_array_elements(steps) AS s WHERE ${isIt} LIMIT 1) AS code`;
};

/** @throws the driver's error if the journal's database is away */
export async function readWatchedSagas(db: Pick<Pool, 'query'>, schemaName: string, limits: Limits) {
  const sagas = `${escapeIdentifier(schemaName)}.sagas`;
  const read = async (which: 'present' | 'unknown', condition: string, values: unknown[] = []) =>
    (await db.query<Row>(`SELECT ${columnsOf(which)} FROM ${sagas} WHERE ${condition} LIMIT ${MOST}`, values)).rows.map(
      watched,
    );
  const ago = `statement_timestamp() - $1::double precision * interval '1 ms'`;
  const silent = await read(
    'present',
    `${OPEN} AND blocked_on IS NULL AND waiting_for IS NULL AND updated_at < ${ago} ORDER BY updated_at, saga_id`,
    [limits.stuckAfter],
  );
  // An approval is a declared wait until its end; a saga that has not noticed the end is stuck like any other.
  const expired = await read(
    'present',
    `waiting_for IS NOT NULL AND blocked_on IS NULL AND waiting_for ->> 'until' < $1 ORDER BY waiting_for ->> 'until'`,
    [new Date(Date.now() - limits.stuckAfter).toISOString()],
  );
  return {
    blocked: await read('present', 'blocked_on IS NOT NULL ORDER BY blocked_on'),
    unknown: await read(
      'unknown',
      `${OPEN} AND steps @> '[{"status": "unknown"}]' AND updated_at < statement_timestamp() - ${UNKNOWN_FOR}
       ORDER BY updated_at, saga_id`,
    ),
    quiet: [...silent, ...expired],
    overdue: await read(
      'present',
      `${OPEN} AND blocked_on IS NULL AND created_at < ${ago} ORDER BY created_at, saga_id`,
      [limits.deadline],
    ),
  };
}

/** The open findings of the reconciler. */
export async function readLeftBehind(db: Pick<Pool, 'query'>, schemaName: string): Promise<readonly LeftBehind[]> {
  const { rows } = await db.query<{ saga_id: string; saga_type: string | null; cause: string; since: Date }>(
    `SELECT saga_id, saga_type, cause, since FROM ${escapeIdentifier(schemaName)}.findings WHERE closed_at IS NULL
     ORDER BY found_at, id LIMIT ${MOST}`,
  );
  return rows.map((row) => ({
    sagaId: row.saga_id,
    sagaType: row.saga_type,
    cause: row.cause,
    since: row.since.toISOString(),
  }));
}

/** Sagas by their ids; those that the read model does not know are left out. */
export async function readSagasById(
  db: Pick<Pool, 'query'>,
  schemaName: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, WatchedSaga>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<Row>(
    `SELECT ${columnsOf('present')} FROM ${escapeIdentifier(schemaName)}.sagas WHERE saga_id = ANY ($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.saga_id, watched(row)]));
}
