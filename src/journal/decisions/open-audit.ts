/** Reads and writes the table `decisions`. The database refuses to change or delete what is in it. */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { holdsPersonalData, looksPersonal } from '../../platform/personal-data.js';
import { cursorOf, markOf, type Mark } from '../read/page-cursor.js';
import { orUnavailable } from '../tables/unavailable.js';
import { InvalidCursorError, type Page, type PageRequest } from '../read/reader.js';
import type { Audit, AuditFilter, AuditNote, AuditRow } from './audit-row.js';

/** In place of a text that may name a person. */
const LEFT_OUT = '(left out: personal)';
const LONGEST = 1_000;

/** A text of staff without what may be personal, and such that PostgreSQL stores it. */
function keptText(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (holdsPersonalData(text)) return LEFT_OUT;
  // oxlint-disable-next-line no-control-regex -- to leave them out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, '').slice(0, LONGEST);
}

/** A number in an id is no card number unless it is the whole id: UUIDs and hashes have long ones. */
const keptId = (id: string | undefined): string | null =>
  id !== undefined && looksPersonal(id) ? LEFT_OUT : (id?.slice(0, LONGEST) ?? null);

/** Writes a row in the caller's transaction; `schema` is an escaped name. A second answer changes nothing. */
export async function noteDecision(client: Pick<PoolClient, 'query'>, schema: string, note: AuditNote): Promise<void> {
  const { id, phase, door, actor, kind, roles, action, outcome, code } = note;
  const who = [id, phase, door, keptText(actor), kind, roles, action];
  const texts = [keptId(note.sagaId), keptText(note.step), keptId(note.subject), keptText(note.reason)];
  const about = [...texts, keptId(note.requestId), keptId(note.correlationId)];
  await client.query(
    `INSERT INTO ${schema}.decisions (id, phase, door, actor, kind, roles, action, saga_id, step, subject,
       reason, request_id, correlation_id, outcome, code)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id, phase) DO NOTHING`,
    [...who, ...about, outcome, code ?? null],
  );
}

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly mark: string;
  readonly position: string;
  readonly door: AuditRow['door'];
  readonly actor: string;
  readonly kind: AuditRow['kind'];
  readonly roles: string[];
  readonly action: string;
  readonly saga_id: string | null;
  readonly step: string | null;
  readonly subject: string | null;
  readonly reason: string | null;
  readonly request_id: string | null;
  readonly correlation_id: string | null;
  readonly outcome: AuditRow['outcome'];
  readonly code: string | null;
}

const rowOf = (row: Row): AuditRow => ({
  id: row.id,
  at: row.at.toISOString(),
  door: row.door,
  actor: row.actor,
  kind: row.kind,
  roles: row.roles,
  action: row.action,
  sagaId: row.saga_id,
  step: row.step,
  subject: row.subject,
  reason: row.reason,
  requestId: row.request_id,
  correlationId: row.correlation_id,
  outcome: row.outcome,
  code: row.code,
});

function placeOf(cursor: string | undefined): Mark | undefined {
  const mark = markOf(cursor);
  if (mark && !/^\d{1,18}$/.test(mark.id)) throw new InvalidCursorError('This cursor comes from no list');
  return mark;
}

/** One index for each single filter gives the rows in order, so that a page costs the same for any number of decisions. */
async function listDecisions(
  pool: Pick<Pool, 'query'>,
  schema: string,
  { sagaId, actor, action, outcome, from, to }: AuditFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<AuditRow>> {
  const after = placeOf(cursor);
  const values: unknown[] = [limit + 1];
  const isOpen = `EXISTS (SELECT FROM ${schema}.open_decisions AS undone WHERE undone.id = mine.id)`;
  const where = [
    sagaId !== undefined && `saga_id = $${values.push(sagaId)}`,
    actor !== undefined && `actor = $${values.push(actor)}`,
    action !== undefined && `action = $${values.push(action)}`,
    // The rows of what was asked are many, and nearly all of them are answered.
    outcome === 'unknown' && `phase = 'asked' AND id = ANY (ARRAY(SELECT id FROM ${schema}.open_decisions))`,
    outcome !== undefined && outcome !== 'unknown' && `outcome = $${values.push(outcome)}`,
    outcome === undefined && `(phase = 'answered' OR ${isOpen})`,
    from !== undefined && `at >= $${values.push(from)}`,
    to !== undefined && `at < $${values.push(to)}`,
    after && `(at, position) < ($${values.push(after.time)}, $${values.push(after.id)}::bigint)`,
  ].filter((condition) => typeof condition === 'string');
  const { rows } = await pool.query<Row>(
    `SELECT *, at::text AS mark FROM ${schema}.decisions AS mine WHERE ${where.join(' AND ')}
     ORDER BY at DESC, position DESC LIMIT $1`,
    values,
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(rowOf),
    next: last ? cursorOf({ time: last.mark, id: last.position }) : null,
  };
}

/** The audit on a pool of the journal. The schema has to be up to date. */
export function openAudit(pool: Pool, schemaName: string): Audit {
  const schema = escapeIdentifier(schemaName);
  return {
    note: (note) => orUnavailable(() => noteDecision(pool, schema, note)),
    list: (filter, page) => orUnavailable(() => listDecisions(pool, schema, filter, page)),
  };
}
