/** The metrics of the webhooks. A figure that cannot be read is NaN. */
import type { Pool } from 'pg';
import { readBacklog } from '../journal/webhooks/queue.js';
import { metric, sampleOf } from '../platform/observability/prometheus-text.js';

const ENDS = ['delivered', 'failed', 'ended'] as const;

/** @param attempts of this process, by their end */
export async function webhookMetrics(
  pool: Pick<Pool, 'query'>,
  schema: string,
  attempts: ReadonlyMap<string, number>,
): Promise<string[]> {
  const backlog = await readBacklog(pool, schema).catch(() => ({ waiting: NaN, oldestSeconds: NaN, failing: NaN }));
  return [
    ...metric(
      'unwind_webhook_attempts_total',
      'counter',
      'Attempts of this process to send a message, by their end',
      ENDS.map((end) => sampleOf({ end }, attempts.get(end) ?? 0)),
    ),
    ...metric('unwind_webhook_waiting', 'gauge', 'Messages that wait for an endpoint, up to 10000', [
      sampleOf({}, backlog.waiting),
    ]),
    ...metric('unwind_webhook_waiting_seconds', 'gauge', 'Age of the oldest of them', [
      sampleOf({}, backlog.oldestSeconds),
    ]),
    ...metric('unwind_webhook_failing', 'gauge', 'Endpoints whose last attempt failed', [
      sampleOf({}, backlog.failing),
    ]),
  ];
}
