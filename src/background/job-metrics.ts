/**
 * The metrics of the background jobs, for Prometheus. Times are seconds since 1970, as Prometheus' `time()`. If the
 * database does not say them, `unwind_jobs_unreadable` is 1, and what this process saw last stays.
 */
import type { Pool } from 'pg';
import { metric, sampleOf } from '../platform/observability/prometheus-text.js';
import { readJobs, type JobRow } from './job-rows.js';

const seconds = (time: string | null): number => (time === null ? NaN : Date.parse(time) / 1000);

export function jobMetrics(db: Pick<Pool, 'query'>, schema: string): () => Promise<string[]> {
  let last: readonly JobRow[] = [];
  return async () => {
    const read = await readJobs(db, schema).catch(() => undefined);
    last = read ?? last;
    return linesOf(last, read !== undefined);
  };
}

/** The lines of these rows; `isRead` is false if they are from before. */
export function linesOf(jobs: readonly JobRow[], isRead: boolean): string[] {
  const each = (name: string, type: 'gauge' | 'counter', help: string, of: (job: JobRow) => number): string[] =>
    metric(
      `unwind_job_${name}`,
      type,
      help,
      jobs.map((row) => sampleOf({ job: row.job }, of(row))),
    );
  return [
    ...each('last_begin_seconds', 'gauge', 'When the last run that ended began', (job) => seconds(job.lastBeganAt)),
    ...each('last_done_seconds', 'gauge', 'When the job last ended as it should', (job) => seconds(job.lastDoneAt)),
    ...each('next_run_seconds', 'gauge', 'When the job is due', (job) => seconds(job.nextAt)),
    ...each('last_duration_seconds', 'gauge', 'How long its last run took', (job) =>
      job.lastMs === null ? NaN : job.lastMs / 1000,
    ),
    ...each('running', 'gauge', '1 while a run is under way', (job) => Number(job.runningSince !== null)),
    ...each('runs_total', 'counter', 'Runs that ended', (job) => job.runs),
    ...each('failures', 'gauge', 'Runs since the last one that was done', (job) => job.failures),
    ...metric(
      'unwind_job_last_result',
      'gauge',
      'How the last run ended: done, failed, cut (too long, or the driver stopped) or lost (the driver was killed)',
      jobs.flatMap(({ job, lastResult }) => (lastResult === null ? [] : [sampleOf({ job, result: lastResult }, 1)])),
    ),
    ...metric('unwind_jobs_unreadable', 'gauge', '1 while the database does not say when the jobs ran', [
      sampleOf({}, Number(!isRead)),
    ]),
  ];
}
