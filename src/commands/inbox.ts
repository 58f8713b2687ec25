/**
 * Takes messages in: after that the broker's offset moves on, before they are decided. A batch is one transaction, in
 * which each message is found to be a repeat, or gets a row with everything that acting on it or refusing it needs.
 */
import { DatabaseError, escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { inTransaction } from '../platform/database/transaction.js';
import { noteDeniedCommand } from './audit.js';
import type { Judged, Received } from './judge.js';
import { refusalOf, type Refusal } from './refusal.js';
import { rowOf, type QueuedCommand } from './rows.js';
import { ANYBODY } from './sender.js';
import { Problem } from '../problems.js';

export interface Message {
  readonly received: Received;
  readonly judged: Judged;
}

export type TakenIn = 'queued' | 'refused' | 'repeated';

export interface Inbox {
  /** Returns the outcome of each message, in their order. */
  takeIn(messages: readonly Message[]): Promise<TakenIn[]>;
  /** Deletes decisions that are so old that no broker delivers their commands again. */
  prune(): Promise<void>;
}

const KEPT = '30 days';
const PRUNED_AT_ONCE = 1_000;

interface Known {
  readonly id: string;
  readonly fingerprint: string;
  readonly content_fingerprint: string | null;
  readonly outcome: string | null;
}

/** `undecided`: an older release has taken it in, and it is not in a queue. */
type Standing = 'new' | 'undecided' | 'repeated' | 'other';

export function openInbox(pool: Pool, schemaName: string): Inbox {
  const schema = escapeIdentifier(schemaName);
  return {
    takeIn: (messages) => takeInApart(messages, (some) => takeIn(pool, schema, some)),
    async prune() {
      for (let gone = PRUNED_AT_ONCE; gone === PRUNED_AT_ONCE;) gone = await pruneSome(pool, schema);
    },
  };
}

/**
 * In small transactions, because one of a month's rows would keep every event of the journal from the sinks until it
 * ends.
 */
async function pruneSome(pool: Pool, schema: string): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM ${schema}.saga_commands WHERE id = ANY (ARRAY(
       SELECT id FROM ${schema}.saga_commands WHERE decided_at < statement_timestamp() - interval '${KEPT}'
       ORDER BY decided_at LIMIT ${PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED))`,
  );
  return rowCount ?? 0;
}

/** If the database refuses a part of a batch, that message alone is stored without its content, as refused. */
async function takeInApart(
  messages: readonly Message[],
  takeInAll: (messages: readonly Message[]) => Promise<TakenIn[]>,
): Promise<TakenIn[]> {
  try {
    return await takeInAll(messages);
  } catch (error) {
    if (!isAboutData(error)) throw error;
  }
  const taken: TakenIn[] = [];
  for (const message of messages) {
    const one = takeInAll([message]).catch((error: unknown) => {
      if (!isAboutData(error)) throw error;
      return takeInAll([withoutContent(message)]);
    });
    taken.push(...(await one));
  }
  return taken;
}

/**
 * SQLSTATEs about the data, or about a mistake of ours:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const isAboutData = (error: unknown): boolean =>
  error instanceof DatabaseError
    ? /^(21|22|23|54)/.test(error.code ?? '')
    : ['TypeError', 'RangeError', 'SyntaxError'].includes(error instanceof Error ? error.name : '');

const withoutContent = ({ received: { place }, judged }: Message): Message => ({
  received: { place, key: null, value: null, headers: {} },
  judged: {
    ...judged,
    id: place,
    sagaId: undefined,
    command: undefined,
    sender: ANYBODY,
    problem: new Problem('InternalError'),
  },
});

/** One transaction: all of them, or none. */
function takeIn(pool: Pool, schema: string, messages: readonly Message[]): Promise<TakenIn[]> {
  return inTransaction(pool, async (client) => {
    const first = await recordIds(client, schema, messages);
    // The earlier command keeps the id; this one is identified by its place.
    const renamed = messages.map(({ received, judged }, index): Message => {
      if (first[index] !== 'other') return { received, judged };
      return { received, judged: { ...judged, id: received.place, problem: new Problem('RequestIdReused') } };
    });
    const others = renamed.filter((_, index) => first[index] === 'other');
    const second = await recordIds(client, schema, others);
    const standings = first.map((standing) => (standing === 'other' ? (second.shift() ?? 'repeated') : standing));
    const isFresh = standings.map((standing) => standing === 'new' || standing === 'undecided');
    const queued = await queue(
      client,
      schema,
      renamed.filter((_, index) => isFresh[index]),
    );
    return renamed.map(({ judged }, index) => {
      // A repeat in the same batch finds the id taken by the first one.
      if (!isFresh[index] || !queued.delete(judged.id)) return 'repeated';
      return judged.problem ? 'refused' : 'queued';
    });
  });
}

/** Each id once. In the order of the ids, so that two readers do not wait for one another. */
async function recordIds(client: PoolClient, schema: string, messages: readonly Message[]): Promise<Standing[]> {
  if (messages.length === 0) return [];
  const all = messages.map(({ judged }) => judged);
  const { rows: inserted } = await client.query<{ id: string }>(
    `INSERT INTO ${schema}.saga_commands (id, fingerprint, content_fingerprint, saga_id, command)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS entry (id) ORDER BY entry.id
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [
      all.map(({ id }) => id),
      all.map(({ bytesFingerprint }) => bytesFingerprint),
      all.map(({ fingerprint }) => fingerprint),
      all.map(({ sagaId }) => sagaId ?? null),
      all.map(({ command }) => command ?? null),
    ],
  );
  const unseen = new Set(inserted.map(({ id }) => id));
  const { rows } = await client.query<Known>(
    `SELECT id, fingerprint, content_fingerprint, outcome FROM ${schema}.saga_commands WHERE id = ANY ($1)`,
    [all.map(({ id }) => id)],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  return all.map((judged) => standingOf(judged, known.get(judged.id), unseen.delete(judged.id)));
}

function standingOf({ fingerprint, bytesFingerprint }: Judged, row: Known | undefined, isNew: boolean): Standing {
  if (isNew || !row) return 'new';
  const isSame = row.content_fingerprint === fingerprint || row.fingerprint === bytesFingerprint;
  if (!isSame) return 'other';
  return row.outcome === null ? 'undecided' : 'repeated';
}

/** Returns the ids of the new ones; commands that are queued already stay as they are. */
async function queue(client: PoolClient, schema: string, messages: readonly Message[]): Promise<Set<string>> {
  const rows = messages.map(({ received, judged }) => ({ ...rowOf(received, judged), problem: judged.problem }));
  const queues = [...new Set(rows.filter(({ problem }) => !problem).map((row) => row.queue))].sort();
  if (queues.length > 0) {
    // Also locks existing queues, because their last command may be being decided.
    await client.query(
      `INSERT INTO ${schema}.command_queues AS known (queue) SELECT unnest($1::text[])
       ON CONFLICT (queue) DO UPDATE SET queue = known.queue`,
      [queues],
    );
  }
  const queued = new Set<string>();
  for (const { problem, ...row } of rows) {
    const refusal = problem && refusalOf(problem);
    if (!(await insertRow(client, schema, row, refusal))) continue;
    queued.add(row.id);
    if (!refusal) continue;
    await recordRefusal(client, schema, row, refusal);
    await noteDeniedCommand(client, schema, row, refusal);
  }
  return queued;
}

async function insertRow(client: PoolClient, schema: string, row: QueuedCommand, refusal?: Refusal): Promise<boolean> {
  const about = [row.id, row.queue, row.saga_id, row.command, row.correlation_id, row.place, row.sender, row.role];
  const headers = JSON.stringify(row.headers);
  const content = [row.key, row.value, headers, row.lost, refusal?.code ?? null, refusal?.detail ?? null];
  const { rowCount } = await client.query(
    `INSERT INTO ${schema}.queued_commands
       (id, queue, saga_id, command, correlation_id, place, sender, role, key, value, headers, lost, code, detail, publish_at)
     SELECT $1::text, $2, $3, $4, $5, $6, $7, $8, $9::bytea, $10::bytea, $11::jsonb, $12, $13::text, $14,
       CASE WHEN $13::text IS NOT NULL THEN clock_timestamp() END
     WHERE NOT EXISTS (SELECT FROM ${schema}.saga_commands WHERE id = $1 AND outcome IS NOT NULL)
     ON CONFLICT (id) DO NOTHING`,
    [...about, ...content],
  );
  return rowCount === 1;
}

/** Records the decision, and a dead letter for operators. */
export async function recordRefusal(
  client: PoolClient,
  schema: string,
  { id, saga_id }: Pick<QueuedCommand, 'id' | 'saga_id'>,
  { code, detail }: Refusal,
): Promise<void> {
  await client.query(
    `WITH decided AS (
       UPDATE ${schema}.saga_commands SET outcome = 'refused', reason = $3, decided_at = clock_timestamp() WHERE id = $1
     )
     INSERT INTO ${schema}.dead_letters (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts)
     VALUES ('rejectedCommand', $2, 'kafka', $1, $3, clock_timestamp(), clock_timestamp(), 1)
     ON CONFLICT (event_id) WHERE kind = 'rejectedCommand' DO UPDATE SET last_at = excluded.last_at`,
    [id, saga_id, `${code}: ${detail}`],
  );
}
