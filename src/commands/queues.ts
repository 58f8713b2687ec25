/**
 * The queues of undecided commands, one for each saga. The first command of a queue is tried until it is decided;
 * later ones of the saga wait, those of other sagas do not. A command that is not decided within its budget rests
 * until an operator decides.
 */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { inTransaction } from '../platform/database/transaction.js';
import { recordRefusal } from './inbox.js';
import type { Refusal } from './refusal.js';
import type { QueuedCommand } from './rows.js';

/** The first command of a queue, which this process is to try now. */
export interface Claimed extends QueuedCommand {
  readonly received_at: Date;
  /** The number of attempts with this one; it also distinguishes this claim from those of other processes. */
  readonly attempts: number;
  readonly unfinished: number;
  readonly spent_ms: number;
  readonly parked_at: Date | null;
}

/**
 * `fresh`: never tried to its end; `tried`: at least once; `suspect`: the process has died over it, so that it is
 * tried alone.
 */
export type Kind = 'fresh' | 'tried' | 'suspect';

/** So many attempts in a row that ended their process make a suspect. */
const SUSPECT_AFTER = 2;
const GIVEN_UP_AFTER = 3;

/** Renewed every second while the process lives, so that the commands of a dead process are tried again soon. */
const CLAIMED_FOR = '5 seconds';

/** The conditions of the indexes (migration 0008), so that a look for due commands reads nothing else. */
const KINDS: Readonly<Record<Kind, string>> = {
  fresh: `next_at IS NOT NULL AND reason IS NULL AND unfinished < ${SUSPECT_AFTER}`,
  tried: `next_at IS NOT NULL AND reason IS NOT NULL AND unfinished < ${SUSPECT_AFTER}`,
  suspect: `next_at IS NOT NULL AND unfinished >= ${SUSPECT_AFTER} AND unfinished = ${SUSPECT_AFTER}`,
};
/**
 * Not `clock_timestamp()`, because it may change within a statement and PostgreSQL would not search an index for it.
 */
const IS_DUE = 'next_at <= statement_timestamp()';
const IS_FREE = '(claimed_until IS NULL OR claimed_until <= statement_timestamp())';

export interface Undecided {
  /** Codes and names only. */
  readonly reason: string;
  /** The pause before the next attempt, in milliseconds. */
  readonly pauseMs: number;
  /** The part of the budget that this attempt takes; undefined in an outage, which no command pays for. */
  readonly spentMs: number | undefined;
}

export interface Queues {
  /** Claims commands for a few seconds; `keep` renews the claims. */
  claim(kind: Kind, most: number): Promise<Claimed[]>;
  /** Renews the claims of commands that this process tries or is about to try. */
  keep(claimed: readonly Claimed[]): Promise<void>;
  /** Parks the commands that have ended their process too often, and returns their queues. */
  giveUpKillers(): Promise<string[]>;
  accepted(claimed: Claimed): Promise<void>;
  refused(claimed: Claimed, refusal: Refusal): Promise<void>;
  /** True if its budget is spent: it rests. */
  undecided(claimed: Claimed, undecided: Undecided, budgetMs: number): Promise<boolean>;
}

export function openQueues(pool: Pool, schemaName: string): Queues {
  const schema = escapeIdentifier(schemaName);
  return {
    claim: (kind, most) => (most <= 0 ? Promise.resolve([]) : claim(pool, schema, kind, most)),
    keep: (claimed) => keep(pool, schema, claimed),
    giveUpKillers: () => giveUpKillers(pool, schema),
    accepted: (claimed) =>
      whileClaimed(pool, schema, claimed, async (client) => {
        await client.query(`DELETE FROM ${schema}.queued_commands WHERE id = $1`, [claimed.id]);
        await client.query(
          `UPDATE ${schema}.saga_commands SET outcome = 'accepted', decided_at = clock_timestamp() WHERE id = $1`,
          [claimed.id],
        );
        await goOn(client, schema, claimed, 'accepted');
      }),
    refused: (claimed, refusal) =>
      whileClaimed(pool, schema, claimed, async (client) => {
        await refuseQueued(client, schema, claimed, refusal);
        await recordRefusal(client, schema, claimed, refusal);
        await goOn(client, schema, claimed, 'refused');
      }),
    undecided: (claimed, undecided, budgetMs) => keepWaiting(pool, schema, claimed, undecided, budgetMs),
  };
}

function claim(pool: Pool, schema: string, kind: Kind, most: number): Promise<Claimed[]> {
  return inTransaction(pool, async (client) => {
    const { rows: queues } = await client.query<Pick<Claimed, 'queue' | 'attempts' | 'unfinished' | 'spent_ms'>>(
      `UPDATE ${schema}.command_queues AS mine
       SET claimed_until = clock_timestamp() + interval '${CLAIMED_FOR}', attempts = attempts + 1,
         unfinished = unfinished + 1
       WHERE queue = ANY (ARRAY(
         SELECT queue FROM ${schema}.command_queues
         WHERE ${IS_DUE} AND ${KINDS[kind]} AND ${IS_FREE}
         ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED))
       RETURNING queue, attempts, unfinished, spent_ms::float8 AS spent_ms, parked_at`,
      [most],
    );
    if (queues.length === 0) return [];
    // A statement of its own, because it must see the commits from before the rows above were locked.
    const { rows: first } = await client.query<QueuedCommand & { received_at: Date }>(
      `SELECT command.* FROM unnest($1::text[]) AS mine (queue) CROSS JOIN LATERAL (
         SELECT * FROM ${schema}.queued_commands WHERE queue = mine.queue AND code IS NULL ORDER BY position LIMIT 1
       ) AS command`,
      [queues.map(({ queue }) => queue)],
    );
    const byQueue = new Map(first.map((row) => [row.queue, row]));
    const empty = queues.filter(({ queue }) => !byQueue.has(queue)).map(({ queue }) => queue);
    if (empty.length > 0) await client.query(`DELETE FROM ${schema}.command_queues WHERE queue = ANY ($1)`, [empty]);
    return queues.flatMap((claimed) => {
      const row = byQueue.get(claimed.queue);
      return row ? [{ ...row, ...claimed } as Claimed] : [];
    });
  });
}

/** A locked row is about to change, and is left for the next time, so that two processes never wait for one another. */
async function keep(pool: Pool, schema: string, claimed: readonly Claimed[]): Promise<void> {
  await pool.query(
    `UPDATE ${schema}.command_queues SET claimed_until = clock_timestamp() + interval '${CLAIMED_FOR}'
     WHERE queue = ANY (ARRAY(
       SELECT queue FROM ${schema}.command_queues JOIN unnest($1::text[], $2::int[]) AS mine (queue, attempts)
         USING (queue, attempts)
       WHERE claimed_until IS NOT NULL FOR UPDATE OF command_queues SKIP LOCKED))`,
    [claimed.map(({ queue }) => queue), claimed.map(({ attempts }) => attempts)],
  );
}

/** Does nothing for a command that another process has claimed since, or that an operator has decided. */
function whileClaimed(
  pool: Pool,
  schema: string,
  { queue, attempts, id }: Claimed,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `SELECT FROM ${schema}.command_queues
       WHERE queue = $1 AND attempts = $2 AND claimed_until IS NOT NULL FOR UPDATE`,
      [queue, attempts],
    );
    if (rowCount === 1 && (await isUndecided(client, schema, id))) await work(client);
  });
}

async function isUndecided(client: PoolClient, schema: string, id: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM ${schema}.queued_commands WHERE id = $1 AND code IS NULL`, [id]);
  return rowCount === 1;
}

/** After this its refusal waits to be published, and it is no longer in its saga's queue. */
export async function refuseQueued(
  client: PoolClient,
  schema: string,
  { id }: Pick<QueuedCommand, 'id'>,
  { code, detail }: Refusal,
): Promise<void> {
  await client.query(
    `UPDATE ${schema}.queued_commands SET code = $2, detail = $3, publish_at = clock_timestamp() WHERE id = $1`,
    [id, code, detail],
  );
}

/**
 * The next command of the queue becomes the first, with a budget of its own; the dead letter of the previous one is
 * closed.
 */
export async function goOn(
  client: PoolClient,
  schema: string,
  { queue, id }: Pick<QueuedCommand, 'queue' | 'id'>,
  resolution: string,
): Promise<void> {
  await client.query(
    `UPDATE ${schema}.dead_letters SET resolution = $2, resolved_at = clock_timestamp()
     WHERE kind = 'parkedCommand' AND event_id = $1 AND resolution IS NULL`,
    [id, resolution],
  );
  const { rowCount } = await client.query(
    `UPDATE ${schema}.command_queues SET since = clock_timestamp(), next_at = clock_timestamp(), claimed_until = NULL,
       attempts = 0, unfinished = 0, spent_ms = 0, parked_at = NULL, reason = NULL, resting_at = NULL
     WHERE queue = $1 AND EXISTS (SELECT FROM ${schema}.queued_commands WHERE queue = $1 AND code IS NULL)`,
    [queue],
  );
  if (rowCount === 0) await client.query(`DELETE FROM ${schema}.command_queues WHERE queue = $1`, [queue]);
}

async function keepWaiting(
  pool: Pool,
  schema: string,
  claimed: Claimed,
  { reason, pauseMs, spentMs }: Undecided,
  budgetMs: number,
): Promise<boolean> {
  const spent = claimed.spent_ms + (spentMs ?? 0);
  const rests = spentMs !== undefined && spent >= budgetMs;
  await whileClaimed(pool, schema, claimed, async (client) => {
    await client.query(
      `UPDATE ${schema}.command_queues SET claimed_until = NULL, unfinished = 0, spent_ms = $2, reason = $3,
         next_at = CASE WHEN $4 THEN NULL ELSE clock_timestamp() + $5 * interval '1 millisecond' END,
         resting_at = CASE WHEN $4 THEN clock_timestamp() END,
         parked_at = CASE WHEN $6 THEN COALESCE(parked_at, clock_timestamp()) ELSE parked_at END
       WHERE queue = $1`,
      [claimed.queue, spent, reason, rests, pauseMs, spentMs !== undefined],
    );
    if (rests) await openLetter(client, schema, [claimed.queue]);
  });
  return rests;
}

/** Opens the letters of the first commands of these queues. */
async function openLetter(client: PoolClient, schema: string, queues: readonly string[]): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.dead_letters AS letter
       (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts)
     SELECT 'parkedCommand', command.saga_id, 'kafka', command.id, mine.reason, mine.parked_at, clock_timestamp(), mine.attempts
     FROM ${schema}.command_queues AS mine CROSS JOIN LATERAL (
       SELECT id, saga_id FROM ${schema}.queued_commands WHERE queue = mine.queue AND code IS NULL
       ORDER BY position LIMIT 1
     ) AS command
     WHERE mine.queue = ANY ($1)
     ON CONFLICT (event_id) WHERE kind = 'parkedCommand' DO UPDATE SET reason = excluded.reason,
       last_at = excluded.last_at, attempts = letter.attempts + excluded.attempts, resolution = NULL,
       resolved_by = NULL, resolved_reason = NULL, resolved_at = NULL`,
    [queues],
  );
}

function giveUpKillers(pool: Pool, schema: string): Promise<string[]> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ queue: string }>(
      `UPDATE ${schema}.command_queues SET next_at = NULL, claimed_until = NULL, resting_at = clock_timestamp(),
         parked_at = COALESCE(parked_at, clock_timestamp()), reason = 'ProcessDied: the process ended at each attempt'
       WHERE next_at IS NOT NULL AND unfinished >= ${SUSPECT_AFTER} AND unfinished >= ${GIVEN_UP_AFTER}
         AND ${IS_DUE} AND ${IS_FREE}
       RETURNING queue`,
    );
    const queues = rows.map(({ queue }) => queue);
    if (queues.length > 0) await openLetter(client, schema, queues);
    return queues;
  });
}
