/** The one barrel: what the worker registers. */
export { orderFulfillment } from './order-fulfillment.js';
