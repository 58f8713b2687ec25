import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { sagaIdOf } from '../../order.js';
import { acceptedOrder, requireOrder } from '../http/access.js';
import { allow, callerOf } from '../http/caller.js';
import { sendTagged } from '../http/etag.js';
import { correlationIdOf } from '../../platform/observability/correlation.js';
import { decideSaga } from './decide-saga.js';
import type { ApiDeps } from '../deps.js';
import { jsonBody } from '../http/json-body.js';
import { listOrders } from './list-orders.js';
import { cancelRequestSchema, decisionRequestSchema, orderRequestSchema } from '../schemas/orders.js';
import { cancellationOf, orderView, type ReadOrder } from './order-view.js';
import { looksOf, placeOrder, type Placed } from '../../orders/place-order.js';
import { idempotencyKeyOf, waitOf } from '../http/preferences.js';
import { onlyMethods } from '../http/problem-document.js';
import { hasEnded, readSagaStatus, statusTag, type HowToAsk } from '../../steering/status.js';
import { decisionRequest, type SagaDecision, actorOf } from '../../steering/steer.js';
import { traceOf } from '../../platform/observability/trace.js';
import { parseBody } from '../../platform/validate.js';
import { waitForEnd } from '../../steering/wait-for-end.js';
import { CUSTOMER, type Caller } from '../../caller.js';
import { Problem } from '../../problems.js';

/** A repeated POST asks the saga how it stands, but does not wait for a worker as long as a GET does. */
const REPEAT_PATIENCE_MS = 500;

type OrderRoute = RequestHandler<{ orderId: string }>;

export function orderRoutes(deps: ApiDeps): Router {
  const router = express.Router();
  const list: RequestHandler = (req, res) => listOrders(deps, req, res);
  const get: OrderRoute = async (req, res) => {
    const read = await readOrder(deps, callerOf(req), req.params.orderId);
    sendTagged(req, res, orderView(read), statusTag(read.status));
  };

  router
    .route('/api/orders')
    .get(allow('listOrders'), list)
    .post(allow('placeOrder'), jsonBody, postOrder(deps))
    .all(onlyMethods('GET', 'POST'));
  router.route('/api/orders/:orderId').get(allow('getOrder'), get).all(onlyMethods('GET'));
  const decisions = [
    ['cancel', 'cancelOrder', cancel(deps)],
    ['approve', 'approveOrder', approveOrReject(deps, 'approve')],
    ['reject', 'rejectOrder', approveOrReject(deps, 'reject')],
  ] as const;
  for (const [decision, operation, handler] of decisions) {
    const handlers = [allow(operation), ...jsonBody];
    router
      .route(`/api/orders/:orderId/${decision}`)
      .post(...handlers, handler)
      .all(onlyMethods('POST'));
  }
  return router;
}

function postOrder(deps: ApiDeps): RequestHandler {
  const looks = looksOf(deps);
  return async (req, res) => {
    const request = parseBody(orderRequestSchema, req.body);
    const [caller, wait] = [callerOf(req), waitOf(req)];
    const placed = await placeOrder(deps, looks, {
      request,
      caller,
      idempotencyKey: idempotencyKeyOf(req),
      memo: { correlationId: correlationIdOf(req), traceparent: traceOf(req) },
    });
    const { orderId, outcome } = placed;
    req.log.info({ orderId, sagaId: sagaIdOf(orderId), outcome }, 'order placed');
    res.location(placed.answer.location);
    if (outcome === 'replayed') res.set('Idempotency-Replayed', 'true');
    const known = outcome === 'existing';
    const ended = wait !== undefined && (await endWithin(deps, req, res, orderId, wait));
    const reading = known || ended ? readOrder(deps, caller, orderId, { patience: REPEAT_PATIENCE_MS }) : undefined;
    const read = await reading?.catch((error: unknown) => {
      // It is accepted, whether its outcome can be read or not.
      if (ended && !known) return undefined;
      throw error;
    });
    if (read && (known || hasEnded(read.status))) sendTagged(req, res, orderView(read), statusTag(read.status));
    else sendAccepted(res, placed);
  };
}

function sendAccepted(res: Response, { answer }: Placed): void {
  res.status(answer.status).set('Retry-After', '1').json(answer.body);
}

async function endWithin(deps: ApiDeps, req: Request, res: Response, orderId: string, wait: number): Promise<boolean> {
  res.set('Preference-Applied', `wait=${wait}`);
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const signals = [gone.signal, ...(deps.stopping ? [deps.stopping] : [])];
  const ended = await waitForEnd(deps.temporal, sagaIdOf(orderId), wait * 1_000, AbortSignal.any(signals));
  if (!ended) req.log.debug({ orderId }, 'the outcome did not come in time');
  return ended;
}

/** The history gets the code and `customer`; what a customer says beside it is kept with the order. */
function cancel(deps: ApiDeps): OrderRoute {
  return async (req, res) => {
    const { actor: named, reason, comment } = parseBody(cancelRequestSchema, req.body);
    const { orderId } = req.params;
    const answer = await decide(deps, req, 'cancel', { actor: actorOf(callerOf(req), named, CUSTOMER), reason });
    // Its failure is answered as such: the same request again finds the decision, and stores this.
    await deps.orders.keepCancellation(orderId, { reason, comment });
    res.json(answer);
  };
}

function approveOrReject(deps: ApiDeps, decision: 'approve' | 'reject'): OrderRoute {
  return async (req, res) => {
    const { actor: named, reason } = parseBody(decisionRequestSchema, req.body);
    res.json(await decide(deps, req, decision, { actor: actorOf(callerOf(req), named, 'operator'), reason }));
  };
}

/** Accepted and acted on. */
async function decide(
  deps: ApiDeps,
  req: Request<{ orderId: string }>,
  decision: SagaDecision,
  who: { readonly actor: string; readonly reason: string },
) {
  const { orderId } = req.params;
  await requireOrder(deps, callerOf(req), orderId);
  const request = decisionRequest(decision, who);
  const decided = await decideSaga(deps, req, sagaIdOf(orderId), { request, notFound: 'OrderNotFound' });
  return { ...decided, orderId };
}

async function readOrder(deps: ApiDeps, caller: Caller, orderId: string, how?: HowToAsk): Promise<ReadOrder> {
  const order = await acceptedOrder(deps, caller, orderId);
  const status = await readSagaStatus(deps, sagaIdOf(orderId), how);
  if (!status) throw new Problem('OrderNotFound');
  return { order, status, cancellation: await cancellationOf(deps, status) };
}
