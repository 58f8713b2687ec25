/**
 * Forgets a person in Kafka's commands (rule 55). A command is kept as it came until it is decided and, if it is
 * refused, until its refusal is published. So it may hold an address for as long as it is parked, or the broker is
 * away. A command that waits for a decision is dropped, as an operator drops it; for a refused command only the
 * reason is published.
 */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { orderIdOf, sagaIdOf } from '../order.js';
import { openEnvelope } from './command.js';
import { inTransaction } from '../platform/database/transaction.js';
import { leaveOut, noteDecision } from './parked.js';
import { goOn } from './queues.js';
import type { QueuedCommand } from './rows.js';

/** The person or order to forget, and the standing of the orders that commands are about. */
export interface Subject {
  /** The order's or the customer's own commands, for any state of the order. */
  readonly about: { readonly orderId: string } | { readonly customerId: string };
  /** The standing of each of these orders; an order that does not exist is left out. */
  readonly orders: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, OrderStanding>>;
}

/**
 * `forgotten`: the subject's, and forgotten; `kept`: the subject's, and its data is still needed; `other`: another
 * person's.
 */
export type OrderStanding = 'forgotten' | 'kept' | 'other';

export interface ForgottenCommand {
  readonly id: string;
  /** The saga's id; the command's place if it names none. */
  readonly queue: string;
  /**
   * `dropped`: it waited for a decision; `blanked`: it was refused already, and its content is gone; `busy`: repeat
   * soon.
   */
  readonly outcome: 'dropped' | 'blanked' | 'busy';
}

export interface ForgetCommands {
  readonly by: string;
  readonly reason: string;
  /** Changes nothing, and returns the changes that would be made. */
  readonly dry: boolean;
  readonly stop: AbortSignal;
}

interface Row extends Pick<QueuedCommand, 'id' | 'queue' | 'saga_id' | 'key' | 'value' | 'sender' | 'role'> {
  readonly position: string;
  readonly refused: boolean;
  /** Its content is gone already. */
  readonly blank: boolean;
  /** It has just arrived, and is about to be tried for the first time. */
  readonly fresh: boolean;
}

const PAGE = 200;
/** A command that has waited for less is neither parked nor in an outage: it is about to be decided. */
const QUIET = '1 minute';

/** One by one, in the order in which they were taken in; can be stopped and repeated. */
export async function* forgetCommands(
  pool: Pool,
  schemaName: string,
  subject: Subject,
  how: ForgetCommands,
): AsyncGenerator<ForgottenCommand> {
  const schema = escapeIdentifier(schemaName);
  let after = '0';
  while (!how.stop.aborted) {
    const { rows } = await pool.query<Row>(
      `SELECT c.position::text, c.id, c.queue, c.saga_id, c.key, c.value, c.sender, c.role, c.code IS NOT NULL AS refused,
         c.key IS NULL AND c.value IS NULL AND c.sender IS NULL AND c.headers = '[]' AS blank,
         q.parked_at IS NULL AND c.received_at > statement_timestamp() - interval '${QUIET}' AS fresh
       FROM ${schema}.queued_commands AS c LEFT JOIN ${schema}.command_queues AS q ON q.queue = c.queue
       WHERE c.position > $1 ORDER BY c.position LIMIT ${PAGE}`,
      [after],
    );
    yield* await forgetPage(pool, schema, rows, { subject, how });
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.position;
  }
}

async function forgetPage(
  pool: Pool,
  schema: string,
  rows: readonly Row[],
  { subject, how }: { readonly subject: Subject; readonly how: ForgetCommands },
): Promise<ForgottenCommand[]> {
  const named = rows.map(orderOf).filter((orderId) => orderId !== undefined);
  const standings = await subject.orders([...new Set(named)]);
  const forgotten: ForgottenCommand[] = [];
  for (const row of rows) {
    const order = standings.get(orderOf(row) ?? '');
    const concerned = order === 'forgotten' || order === 'kept' || isAbout(subject.about, row);
    // An order that is kept is reported elsewhere; its commands go on.
    if (!concerned || row.blank || (order === 'kept' && !row.refused)) continue;
    const { id, queue } = row;
    const outcome = how.dry ? planOf(row) : await forgetOne(pool, schema, row, how);
    if (outcome !== undefined) forgotten.push({ id, queue, outcome });
  }
  return forgotten;
}

const orderOf = ({ saga_id }: Row): string | undefined => (saga_id === null ? undefined : orderIdOf(saga_id));

const planOf = ({ refused, fresh }: Row): ForgottenCommand['outcome'] =>
  refused ? 'blanked' : fresh ? 'busy' : 'dropped';

/** Undefined if it is gone already. */
function forgetOne(
  pool: Pool,
  schema: string,
  row: Row,
  { by, reason }: ForgetCommands,
): Promise<ForgottenCommand['outcome'] | undefined> {
  if (!row.refused && row.fresh) return Promise.resolve('busy');
  return inTransaction(pool, async (client) => {
    // As everywhere: the queue first, then its commands.
    const { rows: queues } = await client.query<{ busy: boolean }>(
      `SELECT COALESCE(claimed_until > statement_timestamp(), false) AS busy FROM ${schema}.command_queues
       WHERE queue = $1 FOR UPDATE`,
      [row.queue],
    );
    const { rows: found } = await client.query<{ refused: boolean; first: boolean }>(
      `SELECT code IS NOT NULL AS refused, NOT EXISTS (
         SELECT FROM ${schema}.queued_commands WHERE queue = $2 AND code IS NULL AND position < mine.position) AS first
       FROM ${schema}.queued_commands AS mine WHERE id = $1 FOR UPDATE`,
      [row.id, row.queue],
    );
    const [mine] = found;
    if (!mine) return undefined;
    if (!mine.refused && mine.first && queues[0]?.busy) return 'busy';
    await blank(client, schema, row.id);
    if (mine.refused) return 'blanked';
    // The actor and the reason are only in its dead letter, because the reason may be about the person.
    await noteDecision(client, schema, row.id, { verb: 'drop', by, reason });
    await leaveOut(client, schema, row, { code: 'Dropped', detail: 'its customer or its order is forgotten' });
    if (mine.first) await goOn(client, schema, row, 'dropped');
    return 'dropped';
  });
}

/** Its refusal is still published, as the reason alone. */
async function blank(client: PoolClient, schema: string, id: string): Promise<void> {
  await client.query(
    `UPDATE ${schema}.queued_commands SET key = NULL, value = NULL, headers = '[]', sender = NULL, role = NULL,
       lost = 'forgotten' WHERE id = $1`,
    [id],
  );
}

/**
 * True if the customer has signed the command or is named in it, or if it names the order. An unreadable command is
 * searched for the name.
 */
function isAbout(about: Subject['about'], { saga_id, key, value, sender, role }: Row): boolean {
  if ('orderId' in about) {
    const { orderId } = about;
    return saga_id === sagaIdOf(orderId) || (saga_id === null && says(value, orderId, sagaIdOf(orderId)));
  }
  const { customerId } = about;
  if ((role === 'customer' && sender === customerId) || key?.toString() === customerId) return true;
  try {
    return openEnvelope(value).fields['customerId'] === customerId;
  } catch {
    return says(value, customerId);
  }
}

/** As a whole string of JSON, as most senders write it. */
const says = (value: Buffer | null, ...texts: readonly string[]): boolean =>
  value !== null && texts.some((text) => value.includes(JSON.stringify(text)));
