/**
 * The operators' view of parked commands, and their decisions: each decision has an actor and a reason, and the
 * saga's queue goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import type { DecisionOutcome } from '../journal/decisions/audit-row.js';
import { openAudit } from '../journal/decisions/open-audit.js';
import { commandLineCaller, recordDecision } from '../journal/decisions/record-decision.js';
import { orderIdOf } from '../order.js';
import { inTransaction } from '../platform/database/transaction.js';
import { goOn, refuseQueued } from './queues.js';
import { oneLine, type Refusal } from './refusal.js';

export interface ParkedCommand {
  /** The saga's id; the command's place if it names none. */
  readonly queue: string;
  readonly id: string;
  readonly command: string | null;
  readonly place: string;
  readonly reason: string;
  readonly parkedAt: Date;
  readonly attempts: number;
  /** Its budget is spent: it waits for a decision. */
  readonly rests: boolean;
  /** The time of its next attempt; null if it rests. */
  readonly nextAt: Date | null;
  /** Later commands of the same saga. */
  readonly behind: number;
}

/**
 * `release` tries it again with a new budget; `skip` leaves it out; `drop` leaves out the later commands of the saga
 * as well.
 */
export type ParkedVerb = 'release' | 'skip' | 'drop';

export interface OperatorsDecision {
  readonly verb: ParkedVerb;
  readonly by: string;
  readonly reason: string;
}

/** How many commands were released or left out; `notParked` if all commands of that saga only wait for their turn. */
export type Decided = { readonly commands: number } | 'notParked';

export interface ParkedCommands {
  /** The longest parked first. `after` is the last one of the page before. */
  list(page: { readonly limit: number; readonly after?: ParkedCommand | undefined }): Promise<ParkedCommand[]>;
  /** Waits for a running attempt, because its result counts. */
  decide(queue: string, decision: OperatorsDecision): Promise<Decided>;
}

const ASK_EVERY_MS = 250;
const MOST_COUNTED = 10_000;

export function openParkedCommands(pool: Pool, schemaName: string): ParkedCommands {
  const schema = escapeIdentifier(schemaName);
  return {
    async list({ limit, after }) {
      const { rows } = await pool.query<ParkedCommand>(
        `SELECT mine.queue, command.id, command.command, command.place, mine.reason, mine.parked_at AS "parkedAt",
           mine.attempts, mine.resting_at IS NOT NULL AS rests, mine.next_at AS "nextAt",
           (SELECT count(*)::int FROM (
             SELECT FROM ${schema}.queued_commands
             WHERE queue = mine.queue AND code IS NULL AND position > command.position LIMIT ${MOST_COUNTED}
           ) AS later) AS behind
         FROM ${schema}.command_queues AS mine CROSS JOIN LATERAL (
           SELECT * FROM ${schema}.queued_commands WHERE queue = mine.queue AND code IS NULL ORDER BY position LIMIT 1
         ) AS command
         WHERE mine.parked_at IS NOT NULL AND (mine.parked_at, mine.queue) > ($2, $3)
         ORDER BY mine.parked_at, mine.queue LIMIT $1`,
        [limit, after?.parkedAt ?? new Date(0), after?.queue ?? ''],
      );
      return rows;
    },
    decide(queue, { verb, by, reason }) {
      const decision = { verb, by, reason };
      const asked = { ...commandLineCaller(by), action: `parked.${verb}`, ...about(queue), reason };
      const answered = (decided: Decided): DecisionOutcome =>
        decided === 'notParked' ? { outcome: 'refused', code: 'NotParked' } : { outcome: 'accepted' };
      return recordDecision(openAudit(pool, schemaName), asked, () => decideInTurn(queue, decision), answered);
    },
  };
  async function decideInTurn(queue: string, decision: OperatorsDecision): Promise<Decided> {
    for (;;) {
      const decided = await inTransaction(pool, (client) => decide(client, schema, queue, decision));
      if (decided !== 'underWay') return decided;
      await sleep(ASK_EVERY_MS);
    }
  }
}

/** A queue is a saga's id, or the place of a command that names no saga. */
const about = (queue: string) => (orderIdOf(queue) === undefined ? { subject: `command ${queue}` } : { sagaId: queue });

async function decide(
  client: PoolClient,
  schema: string,
  queue: string,
  decision: OperatorsDecision,
): Promise<Decided | 'underWay'> {
  const { rows } = await client.query<{ underWay: boolean }>(
    `SELECT COALESCE(claimed_until > clock_timestamp(), false) AS "underWay" FROM ${schema}.command_queues
     WHERE queue = $1 AND parked_at IS NOT NULL FOR UPDATE`,
    [queue],
  );
  const [parked] = rows;
  if (!parked) return 'notParked';
  if (parked.underWay) return 'underWay';
  const { rows: commands } = await client.query<{ id: string; queue: string; saga_id: string | null }>(
    `SELECT id, queue, saga_id FROM ${schema}.queued_commands WHERE queue = $1 AND code IS NULL
     ORDER BY position LIMIT CASE WHEN $2 THEN NULL ELSE 1 END`,
    [queue, decision.verb === 'drop'],
  );
  for (const command of commands) {
    await noteDecision(client, schema, command.id, decision);
    if (decision.verb !== 'release') await leaveOut(client, schema, command, refusalBy(decision));
  }
  const [first] = commands;
  if (decision.verb === 'release') await release(client, schema, queue);
  else if (first) await goOn(client, schema, first, decision.verb);
  return { commands: commands.length };
}

/** In its dead letter, which is made if its budget is not spent. */
export async function noteDecision(
  client: PoolClient,
  schema: string,
  id: string,
  { verb, by, reason }: OperatorsDecision,
) {
  await client.query(
    `INSERT INTO ${schema}.dead_letters
       (kind, saga_id, sink, event_id, reason, first_at, last_at, attempts, resolution, resolved_by, resolved_reason, resolved_at)
     SELECT 'parkedCommand', command.saga_id, 'kafka', command.id, COALESCE(mine.reason, 'Queued: behind a parked command'),
       COALESCE(mine.parked_at, command.received_at), clock_timestamp(), COALESCE(mine.attempts, 0), $2, $3, $4, clock_timestamp()
     FROM ${schema}.queued_commands AS command LEFT JOIN ${schema}.command_queues AS mine ON mine.queue = command.queue
     WHERE command.id = $1
     ON CONFLICT (event_id) WHERE kind = 'parkedCommand' DO UPDATE SET resolution = excluded.resolution,
       resolved_by = excluded.resolved_by, resolved_reason = excluded.resolved_reason, resolved_at = excluded.resolved_at`,
    [id, RESOLUTIONS[verb], by, reason],
  );
}

const RESOLUTIONS: Readonly<Record<ParkedVerb, string>> = { release: 'released', skip: 'skipped', drop: 'dropped' };

const refusalBy = ({ verb, by, reason }: OperatorsDecision): Refusal => ({
  code: verb === 'skip' ? 'Skipped' : 'Dropped',
  detail: oneLine(`${verb === 'skip' ? 'skipped' : 'dropped'} by ${by}: ${reason}`),
});

/** Leaves the command out; its sender gets a refusal. */
export async function leaveOut(
  client: PoolClient,
  schema: string,
  command: { readonly id: string },
  refusal: Refusal,
): Promise<void> {
  await refuseQueued(client, schema, command, refusal);
  await client.query(
    `UPDATE ${schema}.saga_commands SET outcome = 'refused', reason = $2, decided_at = clock_timestamp() WHERE id = $1`,
    [command.id, `${refusal.code}: ${refusal.detail}`],
  );
}

async function release(client: PoolClient, schema: string, queue: string): Promise<void> {
  await client.query(
    `UPDATE ${schema}.command_queues SET next_at = clock_timestamp(), claimed_until = NULL, attempts = 0, unfinished = 0,
       spent_ms = 0, parked_at = NULL, reason = NULL, resting_at = NULL
     WHERE queue = $1`,
    [queue],
  );
}
