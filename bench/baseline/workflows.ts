/** What Unwind is measured against, on the same Temporal server and the same four services. */
import {
  ActivityFailure,
  ApplicationFailure,
  log,
  proxyActivities,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Order } from '../../src/order.js';
import type { Steps } from './steps.js';

const options = { startToCloseTimeout: '10s', scheduleToCloseTimeout: '5m' } as const;
const steps = proxyActivities<Steps>(options);

/** Four regular activities one after the other, and nothing else. */
export async function bare(order: Order): Promise<string> {
  const { orderId, customerId, items, paymentMethod, shippingAddress } = order;
  const total = await steps.reserveInventory({ orderId, items });
  await steps.processPayment({ orderId, customerId, paymentMethod }, total);
  await steps.createShipment({ orderId, items, shippingAddress });
  await steps.sendConfirmation({ orderId, customerId });
  return 'COMPLETED';
}

/** The same with a task queue for each service: what keeping the services apart costs by itself. */
export async function bareApart(order: Order): Promise<string> {
  const { orderId, customerId, items, paymentMethod, shippingAddress } = order;
  const at = (service: string): Steps => {
    const taskQueue = `${workflowInfo().taskQueue}-${service}`;
    return proxyActivities<Steps>({ ...options, taskQueue });
  };
  const total = await at('inventory').reserveInventory({ orderId, items });
  await at('payment').processPayment({ orderId, customerId, paymentMethod }, total);
  await at('shipping').createShipment({ orderId, items, shippingAddress });
  await at('notification').sendConfirmation({ orderId, customerId });
  return 'COMPLETED';
}

interface Compensation {
  readonly message: string;
  readonly undo: () => Promise<void>;
}

/** The shape of Temporal's own saga sample: compensations are put on a list after success, and walked on a failure. */
export async function sampleSaga(order: Order): Promise<string> {
  const { orderId, customerId, items, paymentMethod, shippingAddress } = order;
  const compensations: Compensation[] = [];
  try {
    const total = await steps.reserveInventory({ orderId, items });
    compensations.unshift({ message: 'release the stock', undo: () => steps.releaseReservation(orderId) });
    await steps.processPayment({ orderId, customerId, paymentMethod }, total);
    compensations.unshift({ message: 'refund the payment', undo: () => steps.refundPayment(orderId) });
    await steps.createShipment({ orderId, items, shippingAddress });
    compensations.unshift({ message: 'cancel the parcel', undo: () => steps.cancelShipment(orderId) });
    await steps.sendConfirmation({ orderId, customerId });
    return 'COMPLETED';
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) log.error(error.cause.message);
    await compensate(compensations);
    throw error;
  }
}

async function compensate(compensations: readonly Compensation[]): Promise<void> {
  for (const { message, undo } of compensations) {
    try {
      log.error(message);
      await undo();
    } catch (error) {
      // As in the sample: a compensation that fails is logged, and forgotten.
      if (!(error instanceof TemporalFailure)) throw error;
      log.error(`failed to compensate: ${error.message}`);
    }
  }
}
