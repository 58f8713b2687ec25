/**
 * The driver of the background jobs. Any number of drivers may run: a job has a lease, so one of them runs it, and a
 * driver that is killed leaves a lease that lapses by itself. Its promises:
 *
 *   1. No two drivers run a job at once: a driver that cannot renew its lease cuts its run off before the lease lapses.
 *      The statements of one that hung until then are fenced.
 *   2. A job that fails or takes too long stops no other job, and is run again.
 *   3. Without the database, the parts of the jobs that need none go on, and `DatabaseAway` is raised.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { isAway } from '../platform/database/unavailable.js';
import { kindOf, reasonOf } from '../platform/reason.js';
import { fenceJob, jobLeases, keepLease, LeaseLostError, type JobEnd, type JobLease } from './job-lease.js';
import type { Job } from './job.js';

export interface DriverPace {
  /** Milliseconds of a lease after its last renewal. */
  readonly lease: number;
  /** The longest wait between two looks at a job's row, because another driver may have died. */
  readonly look: number;
  /** The wait after the database did not answer. */
  readonly away: number;
  /** The time that a run has to end by itself when the driver stops; after that it is cut off. */
  readonly grace: number;
}

const PACE: DriverPace = { lease: 15_000, look: 2_000, away: 1_000, grace: 5_000 };

export interface DriverOptions {
  readonly pool: Pool;
  readonly schema: string;
  readonly jobs: readonly Job[];
  /** Brings the schema up to date, once; called before each look until it has succeeded. */
  readonly prepare: () => Promise<void>;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called after each look, with the error if the database did not answer. */
  readonly onDatabase?: (error: unknown) => void;
  readonly pace?: Partial<DriverPace>;
}

export interface Driver {
  /** Its name in `jobs`. */
  readonly holder: string;
  /** Resolves when no run is under way any more. */
  stop(): Promise<void>;
}

interface Driving extends DriverOptions {
  readonly leases: ReturnType<typeof jobLeases>;
  readonly holder: string;
  readonly pace: DriverPace;
  readonly stopping: AbortSignal;
}

export function startDriver(options: DriverOptions): Driver {
  const stopping = new AbortController();
  const holder = `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`;
  const driving: Driving = {
    ...options,
    leases: jobLeases(options.pool, options.schema),
    holder,
    pace: { ...PACE, ...options.pace },
    stopping: stopping.signal,
  };
  const loops = options.jobs.map((job) => repeat(driving, job));
  return {
    holder,
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function repeat(driving: Driving, job: Job): Promise<void> {
  const { stopping, pace } = driving;
  let said: string | undefined;
  while (!stopping.aborted) {
    let waitMs = pace.away;
    try {
      waitMs = Math.min(await lookAt(driving, job), pace.look);
      said = undefined;
    } catch (error) {
      if (isAway(error)) driving.onDatabase?.(error);
      // Such as a migration that waits for another process: said once.
      else if (said !== reasonOf(error))
        driving.logger.error({ err: error, job: job.name }, `${job.name} cannot be run`);
      said = reasonOf(error);
      await runWithoutDatabase(driving, job);
    }
    await sleep(waitMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** Runs the job if it is due. Returns the milliseconds until the next look, and throws if the database is away. */
async function lookAt(driving: Driving, job: Job): Promise<number> {
  const { leases, holder, pace, logger } = driving;
  await driving.prepare();
  const taken = await leases.take(job.name, { holder, ms: pace.lease });
  driving.onDatabase?.(undefined);
  if (typeof taken === 'number') return taken;
  if (taken.lost !== undefined) {
    logger.warn({ job: job.name, driver: taken.lost }, `a run of ${job.name} never ended: its driver is gone`);
  }
  await runOnce(driving, job, taken);
  return 0;
}

async function runOnce(driving: Driving, job: Job, lease: JobLease): Promise<void> {
  const { leases, pace, logger, stopping } = driving;
  const begun = performance.now();
  const cut = cutOff(job, driving);
  const onLost = (): void => cut.now(new LeaseLostError(`another driver may run ${job.name} now`));
  const kept = keepLease(() => leases.renew(lease, pace.lease), { ms: pace.lease, onLost });
  let end: Pick<JobEnd, 'result' | 'status'>;
  try {
    const fence = (client: Parameters<typeof fenceJob>[0]): Promise<void> => fenceJob(client, driving.schema, lease);
    end = { result: 'done', status: await job.run({ signal: cut.signal, fence }) };
  } catch (error) {
    const reason: unknown = cut.signal.aborted ? cut.signal.reason : error;
    end = { result: cut.signal.aborted ? 'cut' : 'failed', status: { error: kindOf(reason) } };
    logger.warn({ job: job.name, err: reason }, `${job.name} ${end.result === 'cut' ? 'was cut off' : 'failed'}`);
  } finally {
    kept.stop();
    cut.end();
  }
  // What was cut off by a stop is for the next driver at once.
  const pauseMs = end.result === 'cut' && stopping.aborted ? 0 : job.pauseMs;
  const failures = await leases.end(lease, { ...end, ms: performance.now() - begun, pauseMs });
  if (failures && failures.before > 0 && failures.after === 0) {
    logger.info({ job: job.name, failures: failures.before }, `${job.name} runs again`);
  }
}

/** Fires when the run has taken too long, when the driver has stopped for longer than its grace, or at once on `now`. */
function cutOff(job: Job, { stopping, pace }: Driving) {
  const cut = new AbortController();
  const now = (reason: Error): void => cut.abort(reason);
  const limit = setTimeout(() => now(new Error(`longer than ${job.limitMs / 1000} s`)), job.limitMs);
  let grace: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    grace = setTimeout(() => now(new Error('the driver stops')), pace.grace);
  };
  if (stopping.aborted) onStop();
  else stopping.addEventListener('abort', onStop, { once: true });
  return {
    signal: cut.signal,
    now,
    end(): void {
      clearTimeout(limit);
      clearTimeout(grace);
      stopping.removeEventListener('abort', onStop);
    },
  };
}

async function runWithoutDatabase(driving: Driving, job: Job): Promise<void> {
  if (!job.runWithoutDatabase || driving.stopping.aborted) return;
  const cut = cutOff(job, driving);
  try {
    await job.runWithoutDatabase(cut.signal);
  } catch (error) {
    driving.logger.warn({ job: job.name, err: error }, `${job.name} failed without the database`);
  } finally {
    cut.end();
  }
}
