/**
 * `unwind forget`: blanks the personal data of a customer, or of one order; ids, fingerprints and amounts stay (rule
 * 55).
 */
import { parseArgs } from 'node:util';
import { hashOf } from '../orders/store/forget.js';
import type { DecisionOutcome } from '../journal/decisions/audit-row.js';
import { commandLineCaller, recordDecision, type AuditDecision } from '../journal/decisions/record-decision.js';
import type { ForgottenCommand } from '../commands/forget.js';
import { JOURNAL_SCHEMA, journalPool } from '../journal/write/journal.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { openReader } from '../journal/read/open-reader.js';
import { loadConfig } from '../config/config.js';
import { findDatabase } from '../config/find-database.js';
import { forgetCustomersOrders, forgetInCommands, forgetOrder } from './forget-orders.js';
import type { CommandTables, Forgotten, ForgettingDeps } from './forget-orders.js';
import { findJournal, withTemporal } from '../config/find-journal.js';
import { StartError } from '../platform/start-error.js';
import { ORDER_ID_PATTERN, sagaIdOf } from '../order.js';
import { openOrders, type Forgetting } from '../orders/store/orders.js';
import { say, type Command } from './command.js';

const USAGE = `unwind forget --order ID    --by NAME --reason TEXT [--yes]
unwind forget --customer ID --by NAME --reason TEXT [--yes]

Blanks the customer's id, payment token, address and idempotency keys in the rows of orders. The rows stay, with their
ids, so that no id becomes free. Kafka's commands that wait for a decision, parked ones too, are dropped with their content;
of those that are refused and not published yet only the reason is published. An order that has not ended still needs its
data, and so does one that was terminated and has left something alive at a service: it is named and left, and the
command is repeated later. Without --yes it only says what it would do.
Exit code 0: all is forgotten, or would be; 1: something was left; 2: nothing could be done.`;

interface Asked {
  readonly order: string | undefined;
  readonly customer: string | undefined;
  readonly forgetting: Forgetting;
  readonly dry: boolean;
}

function parse(args: readonly string[]): Asked {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { order: text, customer: text, by: text, reason: text, yes: { type: 'boolean' } },
  });
  const { order, customer, by, reason, yes = false } = values;
  if ((order === undefined) === (customer === undefined)) throw new StartError('say either --order or --customer.');
  if (order !== undefined && !ORDER_ID_PATTERN.test(order)) throw new StartError('--order is not the id of an order.');
  if (customer !== undefined && customer.trim() === '') throw new StartError('--customer is empty.');
  const told = (name: string, value: string | undefined): string => {
    if (value?.trim()) return value.trim().slice(0, 500);
    throw new StartError(`--${name} is missing: it is kept who has forgotten whom, and why.`);
  };
  return { order, customer, forgetting: { actor: told('by', by), reason: told('reason', reason) }, dry: !yes };
}

const lineOf = ({ orderId, done, why }: Forgotten, dry: boolean): string =>
  `${orderId}  ${done ? (dry ? 'would be forgotten' : 'is forgotten') : 'NOT forgotten'}  ${why}`;

type Deps = ForgettingDeps & { readonly commands: CommandTables };

async function forget(deps: Deps, asked: Asked, stop: AbortSignal): Promise<number> {
  const { order, customer, forgetting, dry } = asked;
  const counts = { done: 0, left: 0 };
  const count = (one: Forgotten): void => {
    counts[one.done ? 'done' : 'left'] += 1;
    say(lineOf(one, dry));
  };
  if (order !== undefined) {
    const one = await forgetOrder(deps, order, forgetting, dry);
    if (one) count(one);
  } else if (customer !== undefined) {
    for await (const one of forgetCustomersOrders(deps, customer, forgetting, { dry, stop })) count(one);
    const stored = dry
      ? (await deps.orders.customer(customer)) !== undefined
      : await deps.orders.forgetCustomer(customer, forgetting);
    if (stored) say(dry ? 'Stored defaults would be deleted.' : 'Stored defaults are deleted.');
  }
  const commands = await forgetAllCommands(deps, asked, stop);
  if (order !== undefined && counts.done + counts.left + commands.done + commands.busy === 0) {
    throw new StartError(`there is no order ${order}, and no command of it.`);
  }
  const verb = dry ? 'would be forgotten' : 'forgotten';
  say(`${counts.done} orders ${verb}, ${counts.left} not${stop.aborted ? '; stopped before the end: repeat it' : ''}`);
  if (commands.done + commands.busy > 0) say(`${commands.done} commands ${verb}, ${commands.busy} not`);
  if (dry) say('Nothing was changed: say --yes to do it.');
  return counts.left + commands.busy > 0 || stop.aborted ? 1 : 0;
}

const OUTCOMES: Readonly<Record<ForgottenCommand['outcome'], readonly [real: string, dry: string]>> = {
  dropped: ['is dropped, and its content is forgotten', 'would be dropped, and its content forgotten'],
  blanked: ['was refused, and its content is forgotten', 'was refused, and its content would be forgotten'],
  busy: ['NOT forgotten  is just being tried: repeat this', 'NOT forgotten  is just being tried'],
};

async function forgetAllCommands(
  deps: Deps,
  { order, customer, forgetting, dry }: Asked,
  stop: AbortSignal,
): Promise<{ readonly done: number; readonly busy: number }> {
  const about = order === undefined ? { customerId: customer ?? '' } : { orderId: order };
  const counts = { done: 0, busy: 0 };
  for await (const { queue, id, outcome } of forgetInCommands(deps, about, forgetting, { dry, stop })) {
    counts[outcome === 'busy' ? 'busy' : 'done'] += 1;
    say(`${queue}  command ${id}  ${OUTCOMES[outcome][dry ? 1 : 0]}`);
  }
  return counts;
}

/** A customer is named by the hash that their forgotten orders keep. */
function auditedForgetting({ order, customer, forgetting: { actor, reason } }: Asked): AuditDecision {
  const whom = order === undefined ? { subject: `customer ${hashOf(customer ?? '')}` } : { sagaId: sagaIdOf(order) };
  return { ...commandLineCaller(actor), action: 'forget', ...whom, reason };
}

/** Something was left: it is forgotten by a repeat. */
const outcomeOf = (exitCode: number): DecisionOutcome => ({ outcome: exitCode === 0 ? 'accepted' : 'undecided' });

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const asked = parse(args);
  const config = loadConfig();
  const orders = await openOrders({ databaseUrl: await findDatabase(config), demoData: false });
  const target = await findJournal(config);
  await migrateJournal(target.databaseUrl, JOURNAL_SCHEMA, target.migrationWaitMs);
  const journal = openReader({ ...target, orders });
  const pool = journalPool({ ...target, poolSize: 1 });
  const commands = { pool, schema: JOURNAL_SCHEMA };
  const { services } = config;
  try {
    return await withTemporal(config, (client) => {
      const work = (): Promise<number> => forget({ orders, journal, client, services, commands }, asked, stop);
      return asked.dry ? work() : recordDecision(journal.audit, auditedForgetting(asked), work, outcomeOf);
    });
  } finally {
    await Promise.all([journal.close(), orders.close(), pool.end()]);
  }
}

export const command: Command = { usage: USAGE, run };
