import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { OrderStore } from '../orders/orders.js';
import type { SagaPolicy } from '../workflows/messages.js';

/** What the API works with; it connects to nothing and reads no environment by itself. */
export interface ApiDeps {
  readonly orders: OrderStore;
  /** Bound to the namespace. Its connection may be lazy: the API lives while Temporal is away. */
  readonly temporal: Client;
  readonly taskQueue: string;
  /** Orders that may wait for a worker before no more are taken; without it any number. */
  readonly backlogLimit?: number;
  /** Put into each order's workflow input. */
  readonly policy: SagaPolicy;
  readonly inventoryUrl: string;
  /** Fills in the demo customer where an order leaves out who pays and where it goes. */
  readonly demoData: boolean;
  readonly logger: Logger;
}
