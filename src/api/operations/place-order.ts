import { sagaIdOf } from '../../order.js';
import { looksOf, placeOrder as place } from '../../orders/place-order.js';
import { correlationIdOf } from '../../platform/observability/correlation.js';
import { traceOf } from '../../platform/observability/trace.js';
import { hasEnded } from '../../steering/status.js';
import { waitForEnd } from '../../steering/wait-for-end.js';
import type { OperationDeps } from '../deps.js';
import { idempotencyKey, preferredWait } from '../http/headers.js';
import { ETAG, operation, RETRY_AFTER, type Asked } from '../operation.js';
import { orderView, readOrder } from '../order-view.js';
import { orderSchema } from '../schemas/orders.js';
import { ROLES } from '../../caller.js';
import { statusTag } from '../http/etag.js';
import { orderAcceptedSchema, type OrderAccepted } from '../../orders/accepted-answer.js';
import { orderRequestSchema } from '../../orders/order-request.js';

const ACCEPTED = {
  Location: { schema: { type: 'string' }, description: 'The order.' },
  'Idempotency-Replayed': { schema: { type: 'string' }, description: '`true`: answered before.' },
  'Preference-Applied': { schema: { type: 'string' }, description: 'The wait that was granted.' },
} as const;

/** The operations that an accepted order can be given to. */
const NEXT = Object.fromEntries(
  ['getOrder', 'cancelOrder', 'approveOrder', 'rejectOrder'].map((operationId) => [
    operationId,
    { operationId, parameters: { orderId: '$response.body#/orderId' } },
  ]),
);

/** A repeated POST asks the saga for its state, but does not wait for a worker as long as a GET does. */
const REPEAT_PATIENCE_MS = 500;

export const placeOrder = operation(
  {
    id: 'placeOrder',
    method: 'post',
    path: '/api/orders',
    tag: 'orders',
    roles: ROLES,
    summary: 'Place an order',
    description:
      'Starts the saga of the order. It can be sent again under its `Idempotency-Key`, or with the same `orderId`: the ' +
      'same body answers with the order as it stands, another body is refused.',
    headers: { idempotencyKey, preferredWait },
    body: { schema: orderRequestSchema, example: { items: [{ productId: '123', quantity: 2 }] } },
    answers: {
      200: {
        description: 'This very order was accepted before; or, with `Prefer: wait`, its outcome.',
        headers: { ...ACCEPTED, ...ETAG },
        body: orderSchema,
      },
      202: {
        description: 'The order is accepted: it will be completed, or undone.',
        headers: { ...ACCEPTED, ...RETRY_AFTER },
        body: orderAcceptedSchema,
        links: NEXT,
      },
    },
    problems: [
      ...(['OrderIdNotAllowed', 'OrderIdTaken', 'RequestInFlight', 'IdempotencyKeyReused', 'UnknownProduct'] as const),
      ...(['Overloaded', 'OrderNotFound', 'NotDecided', 'OrdersUnavailable', 'TemporalUnavailable'] as const),
    ],
  },
  (deps) => {
    const looks = looksOf(deps);
    return async ({ req, res, caller, body: request, headers }) => {
      const wait = headers.preferredWait();
      const { orderId, outcome, answer } = await place(deps, looks, {
        request,
        caller,
        idempotencyKey: headers.idempotencyKey(),
        memo: { correlationId: correlationIdOf(req), traceparent: traceOf(req) },
      });
      req.log.info({ orderId, sagaId: sagaIdOf(orderId), outcome }, 'order placed');
      // Set before the order is read, so that a caller that then gets a problem still learns the order's address.
      res.location(answer.location);
      if (outcome === 'replayed') res.set('Idempotency-Replayed', 'true');
      const known = outcome === 'existing';
      const ended = wait !== undefined && (await endWithin(deps, { req, res }, orderId, wait));
      const reading = known || ended ? readOrder(deps, caller, orderId, { patience: REPEAT_PATIENCE_MS }) : undefined;
      const read = await reading?.catch((error: unknown) => {
        // The order is accepted, whether its outcome can be read or not.
        if (ended && !known) return undefined;
        throw error;
      });
      if (read && (known || hasEnded(read.status))) {
        return { status: 200, state: statusTag(read.status), body: orderView(read) };
      }
      return { status: 202, headers: { 'Retry-After': '1' }, body: answer.body as OrderAccepted };
    };
  },
);

/** Also ends, with false, when the caller is gone or the process is to stop. */
async function endWithin(
  deps: OperationDeps,
  { req, res }: Pick<Asked<never>, 'req' | 'res'>,
  orderId: string,
  seconds: number,
): Promise<boolean> {
  res.set('Preference-Applied', `wait=${seconds}`);
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const signals = [gone.signal, ...(deps.stopping ? [deps.stopping] : [])];
  const ended = await waitForEnd(deps.temporal, sagaIdOf(orderId), seconds * 1_000, AbortSignal.any(signals));
  if (!ended) req.log.debug({ orderId }, 'the outcome did not come in time');
  return ended;
}
