/** Forgetting a customer, order by order: only of orders that have ended, whose data nothing needs any more (rule 55). */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { OpenReader } from '../journal/open-reader.js';
import { sagaIdOf } from '../order.js';
import type { Forgetting, OrderStore, OwnedOrder } from '../orders/orders.js';

export interface ForgettingDeps {
  readonly orders: OrderStore;
  readonly journal: Pick<OpenReader, 'getSaga'>;
  readonly client: Client;
}

/** One order, and whether it was or would be forgotten; `why` says in a few words what keeps it, or how it ended. */
export interface Forgotten {
  readonly orderId: string;
  readonly done: boolean;
  readonly why: string;
}

type Asked = Forgetting & ({ readonly orderId: string } | { readonly customerId: string });

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
/** Questions at the same time. */
const LANES = 10;

interface Standing {
  readonly ended: boolean;
  readonly why: string;
}

/** The journal knows how sagas have ended; of one that it does not know, or that goes on, Temporal says it. */
async function standingOf({ journal, client }: ForgettingDeps, order: OwnedOrder): Promise<Standing> {
  const sagaId = sagaIdOf(order.orderId);
  const saga = await journal.getSaga(sagaId);
  if (saga && saga.version > 0) {
    const { state, blockedOn, behindGap } = saga;
    if (ENDED.has(state) && !behindGap) return { ended: true, why: state };
    return { ended: false, why: blockedOn === null ? state : `${state}, blocked on ${blockedOn}` };
  }
  try {
    const { status } = await client.workflow.getHandle(sagaId).describe();
    const ended = status.name === 'COMPLETED' || status.name === 'CANCELLED';
    return { ended, why: status.name };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return { ended: true, why: order.startedAt === null ? 'never started' : 'known to nobody any more' };
  }
}

/** Looks at some orders and, unless it is a dry run, blanks those that have ended. */
async function forgetSome(
  deps: ForgettingDeps,
  some: readonly OwnedOrder[],
  asked: Asked,
  dry: boolean,
): Promise<Forgotten[]> {
  const standings = new Map<string, Standing>();
  const queue = [...some];
  const lane = async (): Promise<void> => {
    for (let order = queue.pop(); order; order = queue.pop())
      standings.set(order.orderId, await standingOf(deps, order));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const ended = some.map(({ orderId }) => orderId).filter((orderId) => standings.get(orderId)?.ended);
  const blanked = new Set(dry || ended.length === 0 ? ended : await deps.orders.forgetOrders(ended, asked));
  return some.map(({ orderId }) => {
    const { ended: hasEnded, why } = standings.get(orderId) ?? { ended: false, why: 'not looked at' };
    const done = blanked.has(orderId);
    if (done) return { orderId, done, why };
    return { orderId, done, why: hasEnded ? 'just being asked for' : `${why}: it still needs its data` };
  });
}

/** Undefined if there is no such order. One that is forgotten already stays as it is. */
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

/** Page by page, in the order of their ids; ends after the present page when `stop` fires. Can be repeated. */
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
