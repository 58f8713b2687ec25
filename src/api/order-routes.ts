import express, { type RequestHandler, type Response, type Router } from 'express';
import { ORDER_ID_PATTERN, sagaIdOf } from '../order.js';
import type { StoredOrder } from '../orders/orders.js';
import { watchBacklog } from './backlog.js';
import { requestCancel } from './cancel-order.js';
import { createCatalogue } from './catalogue.js';
import { correlationIdOf } from './correlation.js';
import type { ApiDeps } from './deps.js';
import { jsonBody } from './json-body.js';
import { cancelRequestSchema, orderRequestSchema, type OrderAccepted, type OrderView } from './order-schemas.js';
import { placeOrder } from './place-order.js';
import { onlyMethods, Problem } from './problem.js';
import type { SagaStatus } from './saga-schemas.js';
import { readSagaStatus } from './saga-status.js';
import { parseBody } from './validate.js';

/** A repeated POST asks the saga how it stands, but does not wait for a worker as long as a GET does. */
const REPEAT_PATIENCE_MS = 500;

export function orderRoutes(deps: ApiDeps): Router {
  const router = express.Router();
  const { temporal, taskQueue, backlogLimit = Infinity } = deps;
  const before = {
    catalogue: createCatalogue(deps),
    backlog: watchBacklog({ temporal, taskQueue, limit: backlogLimit }),
  };

  const post: RequestHandler = async (req, res) => {
    const request = parseBody(orderRequestSchema, req.body);
    const { orderId, outcome } = await placeOrder(deps, before, request, correlationIdOf(req));
    req.log.info({ orderId, sagaId: sagaIdOf(orderId), outcome }, 'order placed');
    res.location(linksOf(orderId).order);
    if (outcome === 'accepted') sendAccepted(res, orderId);
    else res.json(await readOrder(deps, orderId, REPEAT_PATIENCE_MS));
  };

  const get: RequestHandler<{ orderId: string }> = async (req, res) => {
    res.json(await readOrder(deps, req.params.orderId));
  };

  const cancel: RequestHandler<{ orderId: string }> = async (req, res) => {
    const { orderId } = req.params;
    if (!ORDER_ID_PATTERN.test(orderId)) throw new Problem('OrderNotFound');
    const { actor = 'customer', reason } = parseBody(cancelRequestSchema, req.body);
    const decision = await requestCancel(deps, orderId, { actor, reason });
    req.log.info({ orderId, sagaId: sagaIdOf(orderId), state: decision.state }, 'cancel accepted');
    res.json({ orderId, sagaId: sagaIdOf(orderId), ...decision });
  };

  router.route('/api/orders').post(jsonBody, post).all(onlyMethods('POST'));
  router.route('/api/orders/:orderId').get(get).all(onlyMethods('GET'));
  router.route('/api/orders/:orderId/cancel').post(jsonBody, cancel).all(onlyMethods('POST'));
  return router;
}

function sendAccepted(res: Response, orderId: string): void {
  const body: OrderAccepted = { orderId, sagaId: sagaIdOf(orderId), state: 'STARTED', links: linksOf(orderId) };
  res.status(202).set('Retry-After', '1').json(body);
}

const linksOf = (orderId: string): OrderAccepted['links'] => ({
  order: `/api/orders/${orderId}`,
  status: `/api/sagas/${sagaIdOf(orderId)}/status`,
  cancel: `/api/orders/${orderId}/cancel`,
});

/** An order that is not confirmed to have started is not accepted yet, and reads as not there. */
async function readOrder(deps: ApiDeps, orderId: string, patience?: number): Promise<OrderView> {
  const order = ORDER_ID_PATTERN.test(orderId) ? await deps.orders.get(orderId) : undefined;
  const status = order?.startedAt ? await readSagaStatus(deps, sagaIdOf(orderId), patience) : undefined;
  if (!order || !status) throw new Problem('OrderNotFound');
  return orderView(order, status);
}

const orderView = (order: StoredOrder, { state, reason, blockedOn, asOf, source }: SagaStatus): OrderView => ({
  orderId: order.orderId,
  sagaId: sagaIdOf(order.orderId),
  customerId: order.customerId,
  items: order.items,
  createdAt: order.createdAt,
  state,
  reason,
  blockedOn,
  asOf,
  source,
  links: linksOf(order.orderId),
});
