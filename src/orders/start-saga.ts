/** Starts the workflow of an order's row. */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { sagaIdOf } from '../order.js';
import type { AskedOrder } from './store/orders.js';
import { ORDER_FULFILLMENT, ORDER_MARK, SagaStateAttribute } from '../workflows/messages.js';
import type { OrderFulfillmentInput, SagaMemo, SagaPolicy } from '../workflows/messages.js';
import { askTemporal } from '../platform/temporal/ask.js';

const START_WITHIN_MS = 1_400;

export interface StartDeps {
  /** Bound to the namespace. Its connection may be lazy: the process lives while Temporal is away. */
  readonly temporal: Client;
  readonly taskQueue: string;
  /** Put into each order's workflow input. */
  readonly policy: SagaPolicy;
}

/**
 * Starts the workflow with ids and policy only, because personal data stays in the row. False if Temporal knows a
 * workflow of this id, running or closed; that need not be the one of this row.
 */
export async function startSaga(
  deps: StartDeps,
  { orderId, createdAt: orderedAt, mark }: AskedOrder,
  memo: Required<SagaMemo>,
): Promise<boolean> {
  const input: OrderFulfillmentInput = { orderId, orderedAt, policy: deps.policy };
  try {
    await askTemporal(deps.temporal, START_WITHIN_MS, () =>
      deps.temporal.workflow.start(ORDER_FULFILLMENT, {
        workflowId: sagaIdOf(orderId),
        taskQueue: deps.taskQueue,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: [{ key: SagaStateAttribute, value: 'STARTED' }],
        staticSummary: `Order ${orderId}`,
        memo: { ...memo, ...(mark !== null && { [ORDER_MARK]: mark }) },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
