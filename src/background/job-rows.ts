/** The rows of the background jobs, as any process reads them. */
import { escapeIdentifier, type Pool } from 'pg';
import type { JobStatus } from './job.js';

export interface JobRow {
  readonly job: string;
  /** The driver that runs it now, or ran it last; null if it never ran. */
  readonly holder: string | null;
  /** ISO 8601; null while no run is under way. */
  readonly runningSince: string | null;
  /** ISO 8601: when it is due. */
  readonly nextAt: string;
  /** The last run that ended; null if none has. */
  readonly lastBeganAt: string | null;
  readonly lastMs: number | null;
  /** `lost`: its driver was killed. */
  readonly lastResult: 'done' | 'failed' | 'cut' | 'lost' | null;
  readonly lastStatus: JobStatus | { readonly error: string } | null;
  /** ISO 8601: when it last ended as it should. */
  readonly lastDoneAt: string | null;
  readonly runs: number;
  /** Runs since the last one that was done. */
  readonly failures: number;
}

interface Stored {
  readonly job: string;
  readonly holder: string | null;
  readonly running_since: Date | null;
  readonly next_at: Date;
  readonly last_began_at: Date | null;
  readonly last_ms: number | null;
  readonly last_result: JobRow['lastResult'];
  readonly last_status: JobRow['lastStatus'];
  readonly last_done_at: Date | null;
  readonly runs: string;
  readonly failures: number;
}

const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

/**
 * In the order of their names.
 *
 * @throws the driver's error if the journal's database is away
 */
export async function readJobs(db: Pick<Pool, 'query'>, schemaName: string): Promise<readonly JobRow[]> {
  const { rows } = await db.query<Stored>(
    `SELECT job, holder, running_since, next_at, last_began_at, last_ms, last_result, last_status, last_done_at, runs, failures
     FROM ${escapeIdentifier(schemaName)}.jobs ORDER BY job`,
  );
  return rows.map((row) => ({
    job: row.job,
    holder: row.holder,
    runningSince: iso(row.running_since),
    nextAt: row.next_at.toISOString(),
    lastBeganAt: iso(row.last_began_at),
    lastMs: row.last_ms,
    lastResult: row.last_result,
    lastStatus: row.last_status,
    lastDoneAt: iso(row.last_done_at),
    runs: Number(row.runs),
    failures: row.failures,
  }));
}
