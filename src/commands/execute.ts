/** Acts on a command through the functions that the API's routes call. Each of them can be repeated. */
import { recordDecision } from '../journal/decisions/record-decision.js';
import type { JournalReader } from '../journal/read/reader.js';
import { looksOf, placeOrder, type PlaceOrderDeps } from '../orders/place-order.js';
import type { OrderStore } from '../orders/store/orders.js';
import { decisionRequest, steerSaga, stepRequest, type SteeringDeps } from '../steering/steer.js';
import { auditedCommand } from './audit.js';
import type { Command } from './command.js';
import { CUSTOMER, type Caller } from '../caller.js';
import { requireOrder } from '../orders/access.js';
import { beginTrace, traceparentOf } from '../platform/observability/trace.js';

/** The dependencies of commands. */
export interface CommandDeps extends PlaceOrderDeps, SteeringDeps {
  readonly orders: OrderStore;
  readonly journal: JournalReader;
}

export interface Origin {
  readonly caller: Caller;
  readonly commandId: string;
  readonly correlationId: string;
}

export type Execute = (command: Command, origin: Origin) => Promise<void>;

/**
 * The function that it returns throws a `Problem`: 503 if the command is to be tried again, any other if it is
 * refused.
 */
export function createExecute(deps: CommandDeps): Execute {
  const looks = looksOf(deps);
  return async (command, { caller, commandId, correlationId }) => {
    const { sagaId, orderId } = command;
    if (command.command === 'StartOrder') {
      const memo = { correlationId, traceparent: traceparentOf(beginTrace()) };
      const { request } = command;
      await placeOrder(deps, looks, { request, caller, idempotencyKey: undefined, memo });
    } else if (command.command === 'CancelOrder') {
      const { reason, comment, actor = CUSTOMER } = command.request;
      const asked = auditedCommand(command, { caller, commandId, correlationId, actor });
      await recordDecision(deps.journal.audit, asked, async () => {
        await requireOrder(deps, caller, orderId);
        await steerSaga(deps, sagaId, decisionRequest('cancel', { actor, reason }), 'OrderNotFound');
        await deps.orders.keepCancellation(command.orderId, { reason, comment });
      });
    } else {
      const { action, reason, actor = 'operator', requestId = commandId } = command.request;
      const request = { step: command.step, action, reason, actor, requestId };
      const asked = auditedCommand(command, { caller, commandId, correlationId, actor });
      await recordDecision(deps.journal.audit, asked, () =>
        steerSaga(deps, sagaId, stepRequest(request), 'SagaNotFound'),
      );
    }
  };
}
