import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { JournalReader } from '../journal/read/reader.js';
import type { OrderStore } from '../orders/store/orders.js';
import type { ServiceTarget } from '../platform/outbound/service-access.js';
import type { SagaPolicy } from '../workflows/messages.js';
import type { Authenticate } from './http/authenticate.js';
import type { StreamTickets } from './http/stream-tickets.js';
import type { TemporalClock } from '../platform/temporal/clock.js';

/** The dependencies of the API; it opens no connection and reads no environment by itself. */
export interface ApiDeps {
  readonly orders: OrderStore;
  /** The read model and the audit trail. */
  readonly journal: JournalReader;
  /** Bound to the namespace. Its connection may be lazy: the API lives while Temporal is away. */
  readonly temporal: Client;
  /** Temporal's time, for the end of a decision's validity. */
  readonly clock: TemporalClock;
  readonly taskQueue: string;
  /** Orders that may wait for a worker before new ones are refused; if absent, any number. */
  readonly backlogLimit?: number;
  /** Copied into each order's workflow input. */
  readonly policy: SagaPolicy;
  /** The inventory service, which knows the products. */
  readonly inventory: ServiceTarget;
  /** The services whose ledgers are asked if a chosen order id is free. */
  readonly ledgers?: Readonly<Partial<Record<'inventory' | 'payment' | 'shipping', ServiceTarget>>>;
  /** Fills in the demo customer's data if an order leaves out payment or address. */
  readonly demoData: boolean;
  /** The reason to refuse orders because of disk space, as a sentence; undefined if there is enough. */
  readonly lackOfSpace?: (() => Promise<string | undefined>) | undefined;
  readonly logger: Logger;
  /** Undefined: every caller may do everything. */
  readonly authenticate?: Authenticate | undefined;
  /** Requests per minute of one caller; undefined for any number. */
  readonly requestsPerMinute?: number | undefined;
  /** Host names under which the API may be called, without ports; undefined for any. */
  readonly hosts?: readonly string[] | undefined;
  /** Origins whose pages may call, exactly as browsers send them. */
  readonly origins?: readonly string[] | undefined;
  /** Event streams that one caller may have open at once; if absent, any number. */
  readonly streamsPerCaller?: number;
  /** Fires when the process is to end: waits are cut short, and connections are closed after their answer. */
  readonly stopping?: AbortSignal | undefined;
}

/** What the handlers of operations work with. */
export interface OperationDeps extends ApiDeps {
  /** Issued for streams; `identify` takes them instead of other credentials. */
  readonly tickets: StreamTickets;
}
