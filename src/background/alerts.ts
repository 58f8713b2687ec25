/**
 * The alerts: one for each condition (rule 46), stored, so that any process goes on with them. Each raise and each clear
 * is one change with a position; a new saga under an alert changes its body, and adds no change.
 */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { escapeIdentifier } from 'pg';

/** The name of the condition, and what it is about. `alertname` and `severity` are always there. */
export type AlertLabels = Readonly<Record<string, string>> & {
  readonly alertname: string;
  readonly severity: AlertSeverity;
};

/** `critical`: orders do not go on until a person acts. `warning`: a person should look. */
export type AlertSeverity = 'critical' | 'warning';

/** An alert as Alertmanager's webhook has it: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: AlertLabels;
  /** `summary`, `runbook_url`, `affected` (how many), `oldest_since` (ISO 8601), `examples` (up to 20 ids). */
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601: when it was raised. */
  readonly startsAt: string;
  /** ISO 8601; while it fires, the year 1, as Alertmanager writes it. */
  readonly endsAt: string;
  /** Of the labels: 16 hexadecimal digits. */
  readonly fingerprint: string;
}

/** A raise or a clear. */
export interface AlertChange {
  /** Grows with each change; of two changes the later one has the higher position. */
  readonly position: number;
  /** The body as it is now, with the status of this change. */
  readonly alert: Alert;
}

/** A condition that holds now: the labels name it, the rest is its body. */
export interface Condition {
  readonly labels: AlertLabels;
  readonly summary: string;
  readonly runbook: string;
  readonly affected: number;
  /** ISO 8601. */
  readonly oldestSince: string;
  /** Ids; the first 20 are kept. */
  readonly examples: readonly string[];
}

/** The end of an alert that has none. */
const NOT_ENDED = '0001-01-01T00:00:00Z';

const MOST_EXAMPLES = 20;

/** The same for the same labels in any order. */
export function fingerprintOf(labels: AlertLabels): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

const annotationsOf = ({ summary, runbook, affected, oldestSince, examples }: Condition): Alert['annotations'] => ({
  summary,
  runbook_url: runbook,
  affected: String(affected),
  oldest_since: oldestSince,
  examples: examples.slice(0, MOST_EXAMPLES).join(' '),
});

interface AlertRow {
  readonly fingerprint: string;
  readonly labels: AlertLabels;
  readonly annotations: Alert['annotations'];
  readonly starts_at: Date;
  readonly ends_at: Date | null;
}

const COLUMNS = 'fingerprint, labels, annotations, starts_at, ends_at';

const alertOf = (row: AlertRow, status: Alert['status']): Alert => ({
  status,
  labels: row.labels,
  annotations: row.annotations,
  startsAt: row.starts_at.toISOString(),
  endsAt: status === 'resolved' && row.ends_at ? row.ends_at.toISOString() : NOT_ENDED,
  fingerprint: row.fingerprint,
});

/** What one look at the conditions has found. */
export interface Look {
  readonly conditions: readonly Condition[];
  /** False for an alert of which this look says nothing, because the place to ask did not answer: it stays as it is. */
  readonly covers: (labels: AlertLabels) => boolean;
}

/**
 * Raises, updates and clears the stored alerts so that they are the conditions of a look. Call it in a transaction that
 * holds the row of the job (`fenceJob`): then no two processes write changes at once.
 *
 * @returns the raises and clears that were added, in order
 */
export async function storeAlerts(client: PoolClient, schemaName: string, look: Look): Promise<readonly Alert[]> {
  const schema = escapeIdentifier(schemaName);
  const holding = new Map(look.conditions.map((each) => [fingerprintOf(each.labels), each]));
  const { rows: firing } = await client.query<AlertRow & { readonly id: string; readonly affected: number }>(
    `SELECT id, affected, ${COLUMNS} FROM ${schema}.alerts WHERE ends_at IS NULL`,
  );
  const known = new Set(firing.map(({ fingerprint }) => fingerprint));
  const changes: Alert[] = [];
  const add = async (row: (AlertRow & { readonly id: string }) | undefined, status: Alert['status']): Promise<void> => {
    if (!row) return;
    await client.query(`INSERT INTO ${schema}.alert_changes (alert_id, status) VALUES ($1, $2)`, [row.id, status]);
    changes.push(alertOf(row, status));
  };
  for (const row of firing) {
    const condition = holding.get(row.fingerprint);
    if (condition) await update(client, schema, row.id, condition);
    else if (look.covers(row.labels)) await add(await end(client, schema, row.id), 'resolved');
  }
  for (const [fingerprint, condition] of holding) {
    if (!known.has(fingerprint)) await add(await begin(client, schema, fingerprint, condition), 'firing');
  }
  return changes;
}

type StoredRow = AlertRow & { readonly id: string };

async function begin(client: PoolClient, schema: string, fingerprint: string, condition: Condition) {
  const { rows } = await client.query<StoredRow>(
    `INSERT INTO ${schema}.alerts (fingerprint, labels, annotations, affected, oldest_since) VALUES ($1, $2, $3, $4, $5)
     RETURNING id, ${COLUMNS}`,
    [fingerprint, condition.labels, annotationsOf(condition), condition.affected, condition.oldestSince],
  );
  return rows[0];
}

async function end(client: PoolClient, schema: string, id: string): Promise<StoredRow | undefined> {
  const { rows } = await client.query<StoredRow>(
    `UPDATE ${schema}.alerts SET ends_at = clock_timestamp() WHERE id = $1 AND ends_at IS NULL RETURNING id, ${COLUMNS}`,
    [id],
  );
  return rows[0];
}

/** Writes nothing if the body is the same. */
async function update(client: PoolClient, schema: string, id: string, condition: Condition): Promise<void> {
  await client.query(
    `UPDATE ${schema}.alerts SET annotations = $2, affected = $3, oldest_since = $4
     WHERE id = $1 AND annotations <> $2::jsonb`,
    [id, annotationsOf(condition), condition.affected, condition.oldestSince],
  );
}

type Database = Pick<Pool, 'query'>;

/**
 * Raises and clears after a position, in their order; `limit` at most. Begin with 0, or with `lastAlertChange`.
 *
 * @throws the driver's error if the journal's database is away
 */
export async function readAlertChanges(
  db: Database,
  schemaName: string,
  { after, limit = 100 }: { readonly after: number; readonly limit?: number },
): Promise<readonly AlertChange[]> {
  const schema = escapeIdentifier(schemaName);
  const { rows } = await db.query<AlertRow & { readonly position: string; readonly status: Alert['status'] }>(
    `SELECT c.position, c.status, ${COLUMNS} FROM ${schema}.alert_changes AS c
     JOIN ${schema}.alerts AS a ON a.id = c.alert_id
     WHERE c.position > $1 ORDER BY c.position LIMIT $2`,
    [after, limit],
  );
  return rows.map((row) => ({ position: Number(row.position), alert: alertOf(row, row.status) }));
}

/** The position of the last change; 0 if there is none. */
export async function lastAlertChange(db: Database, schemaName: string): Promise<number> {
  const { rows } = await db.query<{ position: string }>(
    `SELECT coalesce(max(position), 0) AS position FROM ${escapeIdentifier(schemaName)}.alert_changes`,
  );
  return Number(rows[0]?.position ?? 0);
}

/** The alerts that fire now, the oldest first. */
export async function readFiringAlerts(db: Database, schemaName: string): Promise<readonly Alert[]> {
  const { rows } = await db.query<AlertRow>(
    `SELECT ${COLUMNS} FROM ${escapeIdentifier(schemaName)}.alerts WHERE ends_at IS NULL ORDER BY starts_at, id`,
  );
  return rows.map((row) => alertOf(row, 'firing'));
}
