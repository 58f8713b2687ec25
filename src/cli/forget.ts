/** Blanks what is personal of a customer, or of one order; ids, fingerprints and amounts stay (rule 55). */
import { parseArgs } from 'node:util';
import { openReader } from '../journal/open-reader.js';
import { loadConfig } from '../main/config.js';
import { findDatabase } from '../main/database.js';
import { forgetCustomersOrders, forgetOrder, type Forgotten, type ForgettingDeps } from '../main/forgetting.js';
import { findJournal, withTemporal } from '../main/journal-target.js';
import { StartError } from '../main/start-error.js';
import { ORDER_ID_PATTERN } from '../order.js';
import { openOrders, type Forgetting } from '../orders/orders.js';
import { say, type Command } from './command.js';

const USAGE = `unwind forget --order ID    --by NAME --reason TEXT [--yes]
unwind forget --customer ID --by NAME --reason TEXT [--yes]

Blanks the customer's id, payment token, address and idempotency keys in the rows of orders. The rows stay, with their
ids, so that no id becomes free. An order that has not ended still needs its data: it is named and left, and the
command is repeated later. Without --yes it only says what it would do.
Exit code 0: all is forgotten, or would be; 1: some orders have not ended; 2: nothing could be done.`;

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

async function forget(deps: ForgettingDeps, asked: Asked, stop: AbortSignal): Promise<number> {
  const { order, customer, forgetting, dry } = asked;
  const counts = { done: 0, left: 0 };
  const count = (one: Forgotten): void => {
    counts[one.done ? 'done' : 'left'] += 1;
    say(lineOf(one, dry));
  };
  if (order !== undefined) {
    const one = await forgetOrder(deps, order, forgetting, dry);
    if (!one) throw new StartError(`there is no order ${order}.`);
    count(one);
  } else if (customer !== undefined) {
    for await (const one of forgetCustomersOrders(deps, customer, forgetting, { dry, stop })) count(one);
    const stored = dry
      ? (await deps.orders.customer(customer)) !== undefined
      : await deps.orders.forgetCustomer(customer, forgetting);
    if (stored) say(dry ? 'Stored defaults would be deleted.' : 'Stored defaults are deleted.');
  }
  const verb = dry ? 'would be forgotten' : 'forgotten';
  say(`${counts.done} orders ${verb}, ${counts.left} not${stop.aborted ? '; stopped before the end: repeat it' : ''}`);
  if (dry) say('Nothing was changed: say --yes to do it.');
  return counts.left > 0 || stop.aborted ? 1 : 0;
}

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const asked = parse(args);
  const config = loadConfig();
  const orders = await openOrders({ databaseUrl: await findDatabase(config), demoData: false });
  const journal = openReader({ ...(await findJournal(config)), orders });
  try {
    return await withTemporal(config, (client) => forget({ orders, journal, client }, asked, stop));
  } finally {
    await Promise.all([journal.close(), orders.close()]);
  }
}

export const command: Command = { usage: USAGE, run };
