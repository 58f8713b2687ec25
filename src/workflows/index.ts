/** The one barrel: the workflows that the worker registers. */
export { orderFulfillment } from './order-fulfillment.js';
export { sagaRepair as SagaRepair } from './saga-repair.js';
