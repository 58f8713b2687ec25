/**
 * The lease of a job: of all drivers one runs it. Its row is in `jobs`, and time is PostgreSQL's clock. Each lease has a
 * new generation, and every statement of its holder names it, so that a driver that hung and wakes up changes nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier, type ClientBase, type Pool } from 'pg';
import type { JobStatus } from './job.js';

export interface JobLease {
  readonly job: string;
  /** Decimal. */
  readonly generation: string;
  /** The driver that had begun a run before and never ended it, so that its lease lapsed; undefined if there was none. */
  readonly lost: string | undefined;
}

/** Another driver has taken over, or the lease could not be renewed in time. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export interface LeaseTerms {
  /** The driver's name in the table; no two drivers have the same. */
  readonly holder: string;
  /** Milliseconds from one renewal to its end. */
  readonly ms: number;
}

export type JobResult = 'done' | 'failed' | 'cut';

export interface JobEnd {
  readonly result: JobResult;
  readonly ms: number;
  /** Figures, or the kind of the error. */
  readonly status: JobStatus | { readonly error: string };
  /** Milliseconds until the next run. */
  readonly pauseMs: number;
}

type Database = Pick<Pool, 'query'>;

/** The statements about the leases of one schema. */
export function jobLeases(db: Database, schemaName: string) {
  const jobs = `${escapeIdentifier(schemaName)}.jobs`;

  /** @returns the lease, or the milliseconds until the job may be due */
  async function take(job: string, { holder, ms }: LeaseTerms): Promise<JobLease | number> {
    const { rows } = await db.query<{ generation: string; lost: string | null }>(
      `WITH due AS (
         SELECT job, holder, running_since FROM ${jobs}
         WHERE job = $1 AND next_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
         FOR UPDATE SKIP LOCKED
       )
       UPDATE ${jobs} AS j SET generation = generation + 1, holder = $2, running_since = clock_timestamp(),
         lease_until = clock_timestamp() + $3 * interval '1 ms',
         last_result = CASE WHEN due.running_since IS NULL THEN last_result ELSE 'lost' END,
         last_began_at = coalesce(due.running_since, last_began_at),
         runs = runs + (due.running_since IS NOT NULL)::int, failures = failures + (due.running_since IS NOT NULL)::int
       FROM due WHERE j.job = due.job
       RETURNING j.generation::text, CASE WHEN due.running_since IS NOT NULL THEN due.holder END AS lost`,
      [job, holder, ms],
    );
    const [row] = rows;
    return row ? { job, generation: row.generation, lost: row.lost ?? undefined } : await untilDue(job);
  }

  async function untilDue(job: string): Promise<number> {
    const { rows } = await db.query<{ ms: string }>(
      `SELECT 1000 * extract(epoch FROM greatest(next_at, lease_until) - clock_timestamp()) AS ms FROM ${jobs} WHERE job = $1`,
      [job],
    );
    const [row] = rows;
    if (row) return Math.max(0, Number(row.ms));
    await db.query(`INSERT INTO ${jobs} (job) VALUES ($1) ON CONFLICT (job) DO NOTHING`, [job]);
    return 0;
  }

  /** @returns false if another driver has the lease now */
  async function renew({ job, generation }: JobLease, ms: number): Promise<boolean> {
    const { rowCount } = await db.query(
      `UPDATE ${jobs} SET lease_until = clock_timestamp() + $3 * interval '1 ms' WHERE job = $1 AND generation = $2`,
      [job, generation, ms],
    );
    return rowCount === 1;
  }

  /**
   * Keeps the end of a run and gives the lease back.
   *
   * @returns the failures in a row before and after it; undefined if another driver has taken over
   */
  async function end({ job, generation }: JobLease, { result, ms, status, pauseMs }: JobEnd) {
    const { rows } = await db.query<{ before: number; after: number }>(
      `WITH before AS (SELECT job, failures FROM ${jobs} WHERE job = $1 AND generation = $2 FOR UPDATE)
       UPDATE ${jobs} AS j SET lease_until = NULL, last_began_at = running_since, running_since = NULL,
         next_at = clock_timestamp() + $3 * interval '1 ms', last_ms = $4, last_result = $5, last_status = $6,
         last_done_at = CASE WHEN $5 = 'done' THEN clock_timestamp() ELSE last_done_at END,
         runs = runs + 1, failures = CASE WHEN $5 = 'done' THEN 0 ELSE j.failures + 1 END
       FROM before WHERE j.job = before.job RETURNING before.failures AS before, j.failures AS after`,
      [job, generation, pauseMs, ms, result, JSON.stringify(status)],
    );
    return rows[0];
  }

  return { take, renew, end };
}

/**
 * Locks the row of the job until the transaction ends.
 *
 * @throws LeaseLostError
 */
export async function fenceJob(client: ClientBase, schemaName: string, { job, generation }: JobLease): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM ${escapeIdentifier(schemaName)}.jobs WHERE job = $1 AND generation = $2 FOR UPDATE`,
    [job, generation],
  );
  if (rowCount !== 1) throw new LeaseLostError(`another driver runs ${job} now`);
}

/** A lease that was not renewed for this share of its life is given up, so that its run ends before it lapses. */
const GIVEN_UP_AT = 0.6;

/**
 * Renews the lease three times in its life until it is stopped. Calls `onLost` if another driver has it, or if two
 * renewals have failed, because another driver will have it soon.
 */
export function keepLease(
  renew: () => Promise<boolean>,
  { ms, onLost }: { readonly ms: number; readonly onLost: () => void },
): { stop(): void } {
  const stopping = new AbortController();
  async function beat(): Promise<void> {
    // The time before the statement was sent, because the server cannot have counted from an earlier moment.
    let renewed = performance.now();
    for (;;) {
      await sleep(ms / 3, undefined, { signal: stopping.signal });
      const begun = performance.now();
      const isKept = begun - renewed < ms && (await renew().catch(() => undefined));
      if (isKept === true) renewed = begun;
      if (isKept === false || performance.now() - renewed >= GIVEN_UP_AT * ms) {
        onLost();
        return;
      }
    }
  }
  // Only the sleep rejects, when it is stopped.
  void beat().catch(() => undefined);
  return { stop: () => stopping.abort() };
}
