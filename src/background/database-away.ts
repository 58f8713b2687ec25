/**
 * The condition `DatabaseAway`. The driver raises it by itself, because the table of the alerts is away as well: it is
 * in the log and the metrics of each driver.
 */
import type { Logger } from 'pino';
import { metric, sampleOf } from '../platform/observability/prometheus-text.js';
import { kindOf } from '../platform/reason.js';

/** Shorter outages, such as a restart of the server, raise nothing. */
const RAISED_AFTER_MS = 10_000;

export interface DatabaseWatch {
  /** With the error if the database did not answer, else with undefined. */
  heard(error: unknown): void;
  /** Milliseconds since the first question that got no answer; undefined while it answers. */
  awayFor(): number | undefined;
  metrics(): string[];
}

export function watchDatabase(logger: Pick<Logger, 'info' | 'error'>, raisedAfter = RAISED_AFTER_MS): DatabaseWatch {
  let since: number | undefined;
  let isRaised = false;
  const awayFor = (): number | undefined => since && performance.now() - since;
  const about = { alertname: 'DatabaseAway' };
  return {
    heard(error) {
      if (error === undefined) {
        since = undefined;
        if (isRaised) logger.info(about, 'cleared: the database answers again');
        isRaised = false;
        return;
      }
      since ??= performance.now();
      if (isRaised || performance.now() - since < raisedAfter) return;
      isRaised = true;
      logger.error(
        { ...about, severity: 'critical', reason: kindOf(error) },
        `raised: the journal's database has not answered for ${raisedAfter / 1000} s`,
      );
    },
    awayFor,
    metrics: () => [
      ...metric('unwind_database_away_seconds', 'gauge', 'For how long the journal database has not answered', [
        sampleOf({}, (awayFor() ?? 0) / 1000),
      ]),
      ...metric('unwind_database_away', 'gauge', '1 while the alert DatabaseAway is raised', [
        sampleOf({}, Number(isRaised)),
      ]),
    ],
  };
}
