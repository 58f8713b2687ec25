import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { JournalReader } from '../journal/read/reader.js';
import type { OrderStore } from '../orders/store/orders.js';
import type { ServiceTarget } from '../platform/outbound/service-access.js';
import type { SagaPolicy } from '../workflows/messages.js';
import type { Authenticate } from './http/authenticate.js';
import type { StreamTickets } from './http/stream-tickets.js';
import type { TemporalClock } from '../platform/temporal/clock.js';

/** What the API works with; it connects to nothing and reads no environment by itself. */
export interface ApiDeps {
  readonly orders: OrderStore;
  /** The read model and the audit trail. */
  readonly journal: JournalReader;
  /** Bound to the namespace. Its connection may be lazy: the API lives while Temporal is away. */
  readonly temporal: Client;
  /** What decisions are dated by. */
  readonly clock: TemporalClock;
  readonly taskQueue: string;
  /** Orders that may wait for a worker before no more are taken; without it any number. */
  readonly backlogLimit?: number;
  /** Put into each order's workflow input. */
  readonly policy: SagaPolicy;
  /** Asked which products there are. */
  readonly inventory: ServiceTarget;
  /** Whose ledgers are asked whether a chosen order id is free. */
  readonly ledgers?: Readonly<Partial<Record<'inventory' | 'payment' | 'shipping', ServiceTarget>>>;
  /** Fills in the demo customer where an order leaves out who pays and where it goes. */
  readonly demoData: boolean;
  /** Why no more orders should be taken for want of disk space, as a sentence; undefined if there is enough. */
  readonly lackOfSpace?: (() => Promise<string | undefined>) | undefined;
  readonly logger: Logger;
  /** Undefined: anybody may do everything. */
  readonly authenticate?: Authenticate | undefined;
  /** Requests a minute of one caller; undefined for any number. */
  readonly requestsPerMinute?: number | undefined;
  /** Host names under which the API may be called, without ports; undefined for any. */
  readonly hosts?: readonly string[] | undefined;
  /** Origins whose pages may call, exactly as browsers send them. */
  readonly origins?: readonly string[] | undefined;
  /** Event streams that one caller may have open at once; without it any number. */
  readonly streamsPerCaller?: number;
  /** Fires when the process is to end: nobody is kept waiting, and connections are given up after their answer. */
  readonly stopping?: AbortSignal | undefined;
}

/** What the handlers of operations work with. */
export interface OperationDeps extends ApiDeps {
  /** Issued for streams; `identify` takes them instead of other credentials. */
  readonly tickets: StreamTickets;
}
