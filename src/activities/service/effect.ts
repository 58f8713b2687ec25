/** One effect of an order at its service: how it is made and undone, by an id that is known before. */
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { ORDER_STEPS, sagaIdOf, type Order, type OrderStep } from '../../order.js';
import { at } from '../../platform/outbound/service-access.js';
import { kindOf } from '../../platform/reason.js';
import { call, type Attempted } from './call.js';
import { fault } from './failures.js';
import type { OrderReader, OrderRef, Participants } from '../participants.js';

/** The answer to a `DELETE`: `fenced` means that there was nothing to undo, and never will be (rule 20). */
const Row = z.object({ status: z.enum(['undone', 'fenced']) });

/** The answer of a compensation. */
export type Undoing = Attempted<{ readonly outcome: 'compensated' | 'nothingToDo' }>;

/**
 * The two calls of a step of an order.
 *
 * @param path of the effects of this kind: `/api/payments`
 * @param suffix of the effect's id, if an order has more than one at this path
 */
export function effectOf({ orders, services }: Participants, step: OrderStep, path: string, suffix = '') {
  const { service, action, ...others } = ORDER_STEPS[step];
  const compensation = 'compensation' in others ? others.compensation : action;
  const named = ({ orderId }: OrderRef) => {
    const id = `${sagaIdOf(orderId)}${suffix}`;
    return { at: at(services[service], `${path}/${id}`), about: { id, orderId } };
  };
  return {
    /**
     * Makes the effect; `bodyOf` gives the request's fields. If the order was forgotten there is nothing left to act on:
     * a run that was reset asks the participant for its effect, so that the order stands as it is.
     */
    async act<Answer>(
      ref: OrderRef,
      answer: z.ZodType<Answer>,
      bodyOf: (order: Order) => Readonly<Record<string, unknown>>,
      about: Readonly<Record<string, unknown>> = {},
    ): Promise<Attempted<Answer>> {
      const order = await orderOf(orders, ref);
      const { at: address, about: ids } = named(ref);
      const body = { orderId: ref.orderId, ...bodyOf(order) };
      const how = order.forgottenAt ? ({ method: 'GET' } as const) : ({ method: 'PUT', body } as const);
      return call({ ...how, at: address, about: { ...ids, ...about }, answer, refusals: action.refusals });
    },

    /** Undoes the effect; safe to repeat, and safe before or without the action. */
    async undo(ref: OrderRef): Promise<Undoing> {
      const request = { method: 'DELETE', ...named(ref), answer: Row, refusals: compensation.refusals } as const;
      const { status, attempts } = await call(request);
      return { outcome: status === 'undone' ? 'compensated' : 'nothingToDo', attempts };
    },
  };
}

/** The customer's request, read when it is needed: it never passes through Temporal. */
async function orderOf(orders: OrderReader, { orderId }: OrderRef): Promise<Order> {
  const order = await orders.get(orderId).catch(ordersUnreachable);
  if (order) return order;
  Context.current().log.error('An order without a row in orders', { alert: 'OperationalFault', orderId });
  throw fault('OperationalFault', `No order ${orderId} in orders`);
}

/** @throws ApplicationFailure, retried: the same call then has the same answer */
export function ordersUnreachable(error: unknown): never {
  throw fault('ServiceUnreachable', `orders: ${kindOf(error)}`);
}
