/**
 * The alerts that fire, for Prometheus, and when the watch last looked: a rule on that figure is what tells that the
 * watcher itself is dead. If the database is away, the last known figures stay, and `unwind_alerts_unreadable` is 1.
 */
import type { Pool } from 'pg';
import { metric, sampleOf } from '../../platform/observability/prometheus-text.js';
import { readFiringAlerts, type Alert } from '../alerts.js';
import { readJobs } from '../job-rows.js';
import { WATCH_SAGAS } from './watch-sagas.js';

/** Kinds with a metric of their own, because dashboards ask for them by name. */
const OF_SAGAS = {
  saga_blocked: { kind: 'SagaBlocked', help: 'Sagas that wait for an operator' },
  saga_stuck: { kind: 'SagaStuck', help: 'Sagas without progress outside of a declared wait' },
  saga_paused: { kind: 'SagaPaused', help: 'Sagas that are paused in Temporal' },
} as const;

interface Seen {
  readonly alerts: readonly Alert[];
  /** ISO 8601. */
  readonly lastLook: string | null;
}

export function alertMetrics(db: Pick<Pool, 'query'>, schema: string): () => Promise<string[]> {
  let last: Seen = { alerts: [], lastLook: null };
  const read = async (): Promise<Seen> => {
    const [alerts, jobs] = await Promise.all([readFiringAlerts(db, schema), readJobs(db, schema)]);
    return { alerts, lastLook: jobs.find(({ job }) => job === WATCH_SAGAS)?.lastDoneAt ?? null };
  };
  return async () => {
    const seen = await read().catch(() => undefined);
    last = seen ?? last;
    return alertLines(last, { isRead: seen !== undefined, now: Date.now() });
  };
}

/** @param now milliseconds since 1970 */
export function alertLines({ alerts, lastLook }: Seen, { isRead, now }: { isRead: boolean; now: number }): string[] {
  const of = (kind: string): readonly Alert[] => alerts.filter(({ labels }) => labels.alertname === kind);
  const labelsOf = ({ labels }: Alert): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'alertname' && name !== 'severity'));
  const affected = ({ annotations }: Alert): number => Number(annotations['affected']);
  const age = ({ annotations }: Alert): number => (now - Date.parse(annotations['oldest_since'] ?? '')) / 1000;
  return [
    ...Object.entries(OF_SAGAS).flatMap(([name, { kind, help }]) =>
      metric(
        name,
        'gauge',
        help,
        of(kind).map((alert) => sampleOf(labelsOf(alert), affected(alert))),
      ),
    ),
    ...metric(
      'saga_oldest_seconds',
      'gauge',
      'For how long the oldest saga (sink, command) of each alert has been in trouble',
      alerts.map((alert) => sampleOf(alert.labels, age(alert))),
    ),
    ...metric(
      'unwind_alert_affected',
      'gauge',
      'How many sagas (sinks, commands) each alert that fires speaks of',
      alerts.map((alert) => sampleOf(alert.labels, affected(alert))),
    ),
    ...metric('unwind_watch_last_look_seconds', 'gauge', 'When the watch last looked, as time() has it', [
      sampleOf({}, lastLook === null ? NaN : Date.parse(lastLook) / 1000),
    ]),
    ...metric('unwind_alerts_unreadable', 'gauge', '1 while the database does not say which alerts fire', [
      sampleOf({}, Number(!isRead)),
    ]),
  ];
}
