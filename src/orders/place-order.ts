/**
 * Places an order: its row and key first, then its workflow, then the row's `startedAt` and the stored answer. Each
 * part can be repeated. The order is acknowledged after the third part: from then on the row alone proves that it is
 * accepted, even if everything else is away.
 */
import { sagaIdOf } from '../order.js';
import { fingerprintOf } from './store/fingerprint.js';
import type { CallersKey, AskOutcome, OrderToStart, OrderStore, StoredAnswer } from './store/orders.js';
import { DatabaseUnavailableError } from '../platform/database/unavailable.js';
import { OrdersUnavailableError } from './store/unavailable.js';
import type { SagaMemo } from '../workflows/messages.js';
import { watchBacklog, type Backlog } from './backlog.js';
import { createCatalogue, type Catalogue, type CatalogueOptions } from './catalogue.js';
import { completeOrder, type CompleteDeps } from './complete-order.js';
import { acceptedAnswer } from './accepted-answer.js';
import { heardElsewhere, standingInTemporal, standingOf, UnansweredError, type WitnessDeps } from './order-standing.js';
import { startSaga, type StartDeps } from './start-saga.js';
import { TemporalUnavailableError } from '../platform/temporal/ask.js';
import type { Caller } from '../caller.js';
import { Problem } from '../problems.js';
import type { OrderRequest } from './order-request.js';

/** A caller gets the answer that a database or Temporal is away within two seconds. */
const ANSWER_WITHIN_MS = 1_600;

/** `existing`: an earlier request has placed this very order, and has sent or could have sent that answer. */
export type Placed =
  | { readonly outcome: 'accepted' | 'existing'; readonly orderId: string; readonly answer: StoredAnswer }
  | { readonly outcome: 'replayed'; readonly orderId: string; readonly answer: StoredAnswer };

export interface Placing {
  readonly request: OrderRequest;
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  readonly memo: Required<SagaMemo>;
}

/** The dependencies of placing an order, those of its checks included. */
export interface PlaceOrderDeps
  extends StartDeps, WitnessDeps, CompleteDeps, Pick<CatalogueOptions, 'inventory' | 'logger'> {
  readonly orders: Pick<OrderStore, 'ask' | 'confirm' | 'withdraw' | 'release' | 'get' | 'knowsKey' | 'customer'>;
  /** Orders that may wait for a worker before new ones are refused; if absent, any number. */
  readonly backlogLimit?: number;
}

/** The checks before an order is accepted. */
export interface Looks {
  readonly catalogue: Catalogue;
  readonly backlog: Backlog;
}

/** The checks of an API process, with its own cache and its own watch of the backlog. */
export function looksOf(deps: PlaceOrderDeps): Looks {
  const { temporal, taskQueue, backlogLimit = Infinity } = deps;
  return { catalogue: createCatalogue(deps), backlog: watchBacklog({ temporal, taskQueue, limit: backlogLimit }) };
}

/** How far a request has come: it decides the answer if the time is over. */
interface Progress {
  orderId?: string;
  waitsFor: 'OrdersUnavailable' | 'TemporalUnavailable';
}

/**
 * Resolves when the order is acknowledged: its workflow exists.
 * @throws Problem otherwise. If it names the order id, the start may have been sent to Temporal, and the same request
 * with that id continues it (rule 19: one id, one saga).
 */
export async function placeOrder(deps: PlaceOrderDeps, looks: Looks, placing: Placing): Promise<Placed> {
  const progress: Progress = { waitsFor: 'OrdersUnavailable' };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(progress)), ANSWER_WITHIN_MS);
  });
  // A result after the time limit is not lost: the order is confirmed without its caller, and the caller's repeat
  // finds it.
  return Promise.race([place(deps, looks, placing, progress), late]).finally(() => clearTimeout(timer));
}

async function place(
  deps: PlaceOrderDeps,
  { catalogue, backlog }: Looks,
  placing: Placing,
  progress: Progress,
): Promise<Placed> {
  const { request, caller, idempotencyKey } = placing;
  const key = idempotencyKey === undefined ? undefined : { owner: caller.id, key: idempotencyKey };
  const order = await completeOrder(deps, request, caller);
  await refuseChosenId(deps, request, caller);
  await refuseUnknownProducts(deps, catalogue, { ...placing, orderId: order.orderId, key });
  if (backlog.isFull() && !(await isKnown(deps, order.orderId, key))) throw new Problem('Overloaded');
  const named = request.orderId !== undefined;
  const found = await deps.orders.ask({ order, fingerprint: fingerprintOf(request), named, key });
  if (found.outcome === 'answered') return { outcome: 'replayed', orderId: found.orderId, answer: found.answer };
  if (found.outcome !== 'asked') throw refusalFor(found, order.orderId);
  const { orderId, lease } = found;
  const leased = key && lease !== undefined ? { ...key, lease } : undefined;
  progress.orderId = orderId;
  const answer = acceptedAnswer(orderId);
  try {
    if (found.startedAt === null) {
      progress.waitsFor = 'TemporalUnavailable';
      if (!(await startOwn(deps, found, placing.memo))) {
        await deps.orders.withdraw(found, leased);
        throw taken(orderId);
      }
    }
    progress.waitsFor = 'OrdersUnavailable';
    if (found.startedAt === null || key) await deps.orders.confirm(orderId, key && { ...key, answer });
  } catch (error) {
    // Nothing was started for a row that is undecided, so its repeat writes it again.
    if (isUndecided(error)) await deps.orders.withdraw(found).catch(() => undefined);
    if (leased) await deps.orders.release(leased, leased.lease).catch(() => undefined);
    throw isAway(error) ? unavailable(progress, error) : error;
  }
  return { outcome: found.startedAt === null ? 'accepted' : 'existing', orderId, answer };
}

const isAway = (error: unknown): boolean =>
  error instanceof TemporalUnavailableError || error instanceof OrdersUnavailableError;

function unavailable({ waitsFor, orderId }: Progress, cause?: unknown): Problem {
  if (orderId === undefined) return new Problem(waitsFor, {}, { cause });
  const detail = `Send the same order with the order id ${orderId}.`;
  return new Problem(waitsFor, { orderId, sagaId: sagaIdOf(orderId), detail }, { cause });
}

function refusalFor({ outcome }: AskOutcome, orderId: string): Problem {
  if (outcome === 'otherRequest') return new Problem('IdempotencyKeyReused');
  if (outcome === 'inFlight') return new Problem('RequestInFlight');
  return taken(orderId);
}

const taken = (orderId: string): Problem => new Problem('OrderIdTaken', { orderId, sagaId: sagaIdOf(orderId) });

/**
 * Starts the row's own saga, or finds that it has been started. False if the id has another saga (rule 55). An id
 * that the API has drawn needs no question. For a chosen id each store and service that could know it must answer
 * that it does not.
 *
 * @throws Problem `NotDecided` if one of them does not answer, and the saga is not found to be the row's own
 */
async function startOwn(deps: PlaceOrderDeps, order: OrderToStart, memo: Required<SagaMemo>): Promise<boolean> {
  const { orderId, drawn, mark } = order;
  const heard = drawn || mark === null ? 'unknown' : await heardElsewhere(deps, orderId, memo);
  if (heard === 'unknown' && (await startSaga(deps, order, memo))) return true;
  if (heard instanceof UnansweredError) {
    const standing = await standingInTemporal(deps, order);
    if (standing === 'none') throw undecidedProblem(orderId, heard);
    return standing === 'own';
  }
  const standing = await standingOf(deps, order).catch((error: unknown) => {
    throw error instanceof DatabaseUnavailableError ? undecidedProblem(orderId, error) : error;
  });
  return standing === 'own';
}

const isUndecided = (error: unknown): boolean => error instanceof Problem && error.code === 'NotDecided';

function undecidedProblem(orderId: string, cause: Error): Problem {
  const detail = `Whether the order id ${orderId} is free cannot be found out at the moment: send the same order again.`;
  return new Problem('NotDecided', { orderId, sagaId: sagaIdOf(orderId), detail }, { cause });
}

/** True if an earlier request has placed the order, or has begun to. */
const isKnown = async (
  { orders }: Pick<PlaceOrderDeps, 'orders'>,
  orderId: string,
  key?: CallersKey,
): Promise<boolean> => (key !== undefined && (await orders.knowsKey(key))) || (await orders.get(orderId)) !== undefined;

/**
 * A customer may repeat the id of its own order, as a 503 asks it to. Every other chosen id is refused, whether or
 * not it exists.
 */
async function refuseChosenId(
  { orders }: Pick<PlaceOrderDeps, 'orders'>,
  { orderId }: OrderRequest,
  caller: Caller,
): Promise<void> {
  if (orderId === undefined || caller.namesOrders) return;
  const order = await orders.get(orderId);
  if (!order || order.forgottenAt || order.customerId !== caller.customerId) throw new Problem('OrderIdNotAllowed');
}

interface Looked extends Pick<Placing, 'request' | 'memo'> {
  readonly orderId: string;
  readonly key: CallersKey | undefined;
}

/**
 * An order that exists was accepted while its products could not be checked, and may be running. Its repeat is
 * accepted as well, and the saga refuses the product.
 */
async function refuseUnknownProducts(
  { orders }: Pick<PlaceOrderDeps, 'orders'>,
  catalogue: Catalogue,
  looked: Looked,
): Promise<void> {
  const { request, memo, orderId, key } = looked;
  const productIds = request.items.map(({ productId }) => productId);
  const unknown = await catalogue.unknownOf(productIds, memo);
  if (unknown.size === 0 || (await isKnown({ orders }, orderId, key))) return;
  const errors = productIds.flatMap((productId, index) =>
    unknown.has(productId) ? [{ field: `items[${index}].productId`, message: 'is not in the catalogue' }] : [],
  );
  throw new Problem('UnknownProduct', { errors });
}
