/** The kinds of trouble that are watched for: severity, sentence, and the section of the runbook. */
import type { AlertSeverity, Condition } from '../alerts.js';

interface Kind {
  readonly severity: AlertSeverity;
  /** Ends the sentence that begins with how many are affected. */
  readonly says: string;
}

export const ALERT_KINDS = {
  SagaBlocked: { severity: 'critical', says: 'wait for an operator' },
  SagaLeftBehind: { severity: 'critical', says: 'were left behind without a run: their effects wait for a repair' },
  SagaStuck: { severity: 'critical', says: 'make no progress' },
  SagaPastDeadline: { severity: 'warning', says: 'are older than their deadline and have no verdict' },
  SagaPaused: { severity: 'warning', says: 'are paused in Temporal, and wait until they are unpaused' },
  WorkflowTaskFailing: {
    severity: 'critical',
    says: 'cannot go on, because their workflow task fails again and again',
  },
  OutcomeUnknown: { severity: 'warning', says: 'have a step of unknown outcome: it may have been applied or not' },
  RelayLag: { severity: 'warning', says: 'do not get the events of the journal' },
  RelayHeld: { severity: 'warning', says: 'hold up all sinks by an open transaction' },
  EventRejected: { severity: 'warning', says: 'wait behind an event that a sink rejects' },
  CommandParked: { severity: 'warning', says: 'have a command that cannot be decided' },
  DeadLetterOpen: { severity: 'warning', says: 'left work that needs a person' },
  TemporalAway: { severity: 'critical', says: 'does not answer' },
} as const satisfies Readonly<Record<string, Kind>>;

export type AlertKind = keyof typeof ALERT_KINDS;

/** One affected saga, sink, session or command. */
export interface Trouble {
  readonly kind: AlertKind;
  /** An id for the body of the alert. */
  readonly id: string;
  /** ISO 8601. */
  readonly since: string;
  readonly sagaType?: string | undefined;
  readonly step?: string | undefined;
  /** The code of a failure. */
  readonly code?: string | undefined;
  /** A service, sink or session. */
  readonly service?: string | undefined;
}

const NOUNS: Readonly<Partial<Record<AlertKind, string>>> = {
  RelayLag: 'sinks',
  RelayHeld: 'sessions',
  TemporalAway: 'Temporal',
};

/** A section of docs/runbook.md. */
export const runbookOf = (kind: AlertKind): string => `docs/runbook.md#${kind.toLowerCase()}`;

const present = (labels: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).flatMap(([name, text]) => (text ? [[name, text]] : [])));

/** One condition for each kind, saga type, step and code or service (rule 46), the oldest ids first. */
export function conditionsOf(troubles: readonly Trouble[]): readonly Condition[] {
  const groups = new Map<string, Trouble[]>();
  for (const trouble of troubles) {
    const key = JSON.stringify([trouble.kind, trouble.sagaType, trouble.step, trouble.code, trouble.service]);
    const group = groups.get(key) ?? [];
    group.push(trouble);
    groups.set(key, group);
  }
  return [...groups.values()].map(conditionOf);
}

function conditionOf(group: readonly Trouble[]): Condition {
  const sorted = group.toSorted((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const [oldest] = sorted;
  if (!oldest) throw new Error('a condition of nothing');
  const { kind, sagaType, step, code, service } = oldest;
  const { severity, says } = ALERT_KINDS[kind];
  const noun = NOUNS[kind] ?? 'sagas';
  const at = [step && `at ${step}`, code && `after ${code}`, service && `(${service})`].filter(Boolean).join(' ');
  const count = kind === 'TemporalAway' ? noun : `${sorted.length} ${noun}`;
  return {
    labels: { alertname: kind, severity, ...present({ saga_type: sagaType, step, code, service }) },
    summary: `${count} ${says}${at === '' ? '' : `, ${at}`}`,
    runbook: runbookOf(kind),
    affected: sorted.length,
    oldestSince: oldest.since,
    examples: sorted.map(({ id }) => id),
  };
}
