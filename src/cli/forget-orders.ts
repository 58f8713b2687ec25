/**
 * Forgets a customer, order by order. Only orders that have ended are forgotten, because nothing needs their data any
 * more (rule 55). Then it blanks the person's data in Kafka's commands.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from 'pg';
import { forgetCommands, type ForgottenCommand, type OrderStanding, type Subject } from '../commands/forget.js';
import { inParallel } from '../platform/in-parallel.js';
import type { OpenReader } from '../journal/read/open-reader.js';
import { BooksUnreadableError } from '../oracle/get-json.js';
import { readEffectsOf, type ServiceUrls } from '../oracle/read-books.js';
import { sagaIdOf } from '../order.js';
import { hashOf } from '../orders/store/forget.js';
import type { Forgetting, OrdersOwner, OrderStore, OwnedOrder } from '../orders/store/orders.js';

export interface ForgettingDeps {
  readonly orders: OrderStore;
  readonly journal: Pick<OpenReader, 'getSaga'>;
  readonly client: Client;
  readonly services: ServiceUrls;
}

/** The tables that keep Kafka's commands until they are decided. */
export interface CommandTables {
  readonly pool: Pool;
  readonly schema: string;
}

/** One order, and if it was or would be forgotten. `why` says in a few words how the order ended, or why it is kept. */
export interface Forgotten {
  readonly orderId: string;
  readonly done: boolean;
  readonly why: string;
}

type Asked = Forgetting & ({ readonly orderId: string } | { readonly customerId: string });

/** The most questions at once. */
const AT_ONCE = 10;

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
/**
 * Temporal's statuses of a workflow that ended by itself; the other closed statuses mean that it was ended from
 * outside.
 */
const ENDED_RUN: ReadonlySet<string> = new Set(['COMPLETED', 'CANCELLED']);
const LOST_RUN: ReadonlySet<string> = new Set(['TERMINATED', 'FAILED', 'TIMED_OUT']);

interface Standing {
  readonly ended: boolean;
  readonly why: string;
}

/**
 * The journal knows how sagas ended. For a saga that it does not know, or that is still open there, Temporal is
 * asked. A run that was ended from outside has no worker to finish it (rule 27): its data is kept as long as one of
 * its effects is live, because the repair needs it.
 */
async function standingOf(deps: ForgettingDeps, order: OwnedOrder): Promise<Standing> {
  const sagaId = sagaIdOf(order.orderId);
  const saga = await deps.journal.getSaga(sagaId);
  const known = saga && saga.version > 0 ? saga : undefined;
  if (known && ENDED.has(known.state) && !known.behindGap) return { ended: true, why: known.state };
  const run = await runOf(deps.client, sagaId);
  if (run !== undefined && ENDED_RUN.has(run)) return { ended: true, why: run };
  if (run === undefined && !known && order.startedAt === null) return { ended: true, why: 'never started' };
  if (run === undefined || LOST_RUN.has(run)) return lostStanding(deps, sagaId, run ?? 'known to Temporal no more');
  const state = known?.state ?? run;
  const blocked = known?.blockedOn == null ? '' : `, blocked on ${known.blockedOn}`;
  return { ended: false, why: `${state}${blocked}: it still needs its data` };
}

async function runOf(client: Client, sagaId: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(sagaId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Effects that must have an owner. A mail is not among them, because it cannot be undone. */
const OWNED: ReadonlySet<string> = new Set(['reservation', 'payment', 'shipment']);

async function lostStanding({ services }: ForgettingDeps, sagaId: string, run: string): Promise<Standing> {
  try {
    const alive = (await readEffectsOf(services, sagaId)).map(({ kind }) => kind).filter((kind) => OWNED.has(kind));
    if (alive.length === 0) return { ended: true, why: `${run}, nothing of it is alive` };
    return {
      ended: false,
      why:
        `${run}, and its ${alive.join(' and its ')} is alive without an owner: reset its workflow, or undo it at the ` +
        'services (docs/manual-intervention.md, 4), then repeat this',
    };
  } catch (error) {
    if (!(error instanceof BooksUnreadableError)) throw error;
    return { ended: false, why: `${run}, and what it has left behind is not known, so repeat this: ${error.message}` };
  }
}

/** Looks at some orders and blanks those that have ended, unless it is a dry run. */
async function forgetSome(
  deps: ForgettingDeps,
  some: readonly OwnedOrder[],
  asked: Asked,
  dry: boolean,
): Promise<Forgotten[]> {
  const standings = new Map(
    await inParallel(AT_ONCE, some, async (order) => [order.orderId, await standingOf(deps, order)] as const),
  );
  const ended = some.map(({ orderId }) => orderId).filter((orderId) => standings.get(orderId)?.ended);
  const blanked = new Set(dry || ended.length === 0 ? ended : await deps.orders.forgetOrders(ended, asked));
  return some.map(({ orderId }) => {
    const { ended: hasEnded, why } = standings.get(orderId) ?? { ended: false, why: 'not looked at' };
    const done = blanked.has(orderId);
    if (done) return { orderId, done, why };
    return { orderId, done, why: hasEnded ? 'just being asked for' : why };
  });
}

/** Undefined if there is no such order. An order that is forgotten already stays as it is. */
export async function forgetOrder(
  deps: ForgettingDeps,
  orderId: string,
  forgetting: Forgetting,
  dry: boolean,
): Promise<Forgotten | undefined> {
  const order = await deps.orders.get(orderId);
  if (!order) return undefined;
  if (order.forgottenAt) return { orderId, done: true, why: `forgotten already, at ${order.forgottenAt}` };
  const [one] = await forgetSome(deps, [order], { ...forgetting, orderId }, dry);
  return one;
}

/**
 * Works page by page, in the order of the ids, and ends after the current page when `stop` fires. It can be repeated.
 */
export async function* forgetCustomersOrders(
  deps: ForgettingDeps,
  customerId: string,
  forgetting: Forgetting,
  { dry, stop }: { readonly dry: boolean; readonly stop: AbortSignal },
): AsyncGenerator<Forgotten> {
  let after: string | undefined;
  while (!stop.aborted) {
    const some = await deps.orders.ordersOf(customerId, after);
    if (some.length === 0) return;
    yield* await forgetSome(deps, some, { ...forgetting, customerId }, dry);
    after = some.at(-1)?.orderId;
  }
}

/**
 * Blanks the data of an order or a customer in Kafka's commands. It runs after the orders, because their results
 * decide about the commands.
 */
export function forgetInCommands(
  deps: ForgettingDeps & { readonly commands: CommandTables },
  about: Subject['about'],
  { actor, reason }: Forgetting,
  { dry, stop }: { readonly dry: boolean; readonly stop: AbortSignal },
): AsyncGenerator<ForgottenCommand> {
  const isTheirs = ({ orderId, customerId }: OrdersOwner): boolean =>
    'orderId' in about
      ? orderId === about.orderId
      : customerId === about.customerId || customerId === hashOf(about.customerId);
  async function standing(order: OrdersOwner): Promise<OrderStanding> {
    if (!isTheirs(order)) return 'other';
    if (order.forgotten) return 'forgotten';
    return dry && (await standingOf(deps, order)).ended ? 'forgotten' : 'kept';
  }
  const orders: Subject['orders'] = async (ids) => {
    const owners = await deps.orders.ownersOf(ids);
    return new Map(await Promise.all(owners.map(async (order) => [order.orderId, await standing(order)] as const)));
  };
  const { pool, schema } = deps.commands;
  return forgetCommands(pool, schema, { about, orders }, { by: actor, reason, dry, stop });
}
