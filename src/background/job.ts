/** A background job: one file in this folder, without input, repeated without harm, run by the driver. */
import type { PoolClient } from 'pg';

/** Figures of a run, for its row and for `unwind jobs`: `{ confirmed: 3 }`. */
export type JobStatus = Readonly<Record<string, number>>;

export interface JobRun {
  /** Fires when the run must end: the driver stops, the lease is lost, or the run takes too long. */
  readonly signal: AbortSignal;
  /**
   * For a transaction that writes: no other driver runs the job until it ends.
   *
   * @throws LeaseLostError if another driver has taken over
   */
  fence(client: PoolClient): Promise<void>;
}

export interface Job {
  /** The name in the table, the metrics and the log. */
  readonly name: string;
  /** Milliseconds from the end of a run to the next one. */
  readonly pauseMs: number;
  /** A run that takes longer is cut off. */
  readonly limitMs: number;
  /** Does the work, and ends soon after the signal fires. What it throws is logged, and the next run comes as usual. */
  readonly run: (run: JobRun) => Promise<JobStatus>;
  /** The part that needs no database. It runs while the database is away, in each driver, because none has a lease. */
  readonly runWithoutDatabase?: (signal: AbortSignal) => Promise<void>;
}
