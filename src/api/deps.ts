import type { Logger } from 'pino';
import type { JournalReader } from '../journal/read/reader.js';
import type { ServiceUrls } from '../oracle/read-books.js';
import type { PlaceOrderDeps } from '../orders/place-order.js';
import type { OrderStore } from '../orders/store/orders.js';
import type { SteeringDeps } from '../steering/steer.js';
import type { Authenticate } from './http/authenticate.js';
import type { Webhooks } from '../journal/webhooks/open-webhooks.js';
import type { TargetLimits } from '../platform/webhooks/target.js';
import type { StreamTickets } from './http/stream-tickets.js';
import type { Role } from '../caller.js';
import type { TemporalClock } from '../platform/temporal/clock.js';

export interface WebhookDeps {
  readonly store: Webhooks;
  /** The endpoints that may be registered. */
  readonly rules: TargetLimits;
}

/** The dependencies of the API; it opens no connection and reads no environment by itself. */
export interface ApiDeps extends PlaceOrderDeps, SteeringDeps {
  readonly orders: OrderStore;
  /** The services whose books previews are made of; absent: previews are made of the journal alone. */
  readonly books?: ServiceUrls | undefined;
  /** The read model and the audit trail. */
  readonly journal: JournalReader;
  /** The reason to refuse orders because of disk space, as a sentence; undefined if there is enough. */
  readonly lackOfSpace?: (() => Promise<string | undefined>) | undefined;
  /** Temporal's time, for the end of a decision's validity. */
  readonly clock: TemporalClock;
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
  /** Undefined: no webhooks are sent, and none can be registered. */
  readonly webhooks?: WebhookDeps | undefined;
  /** Fires when the process is to end: waits are cut short, and connections are closed after their answer. */
  readonly stopping?: AbortSignal | undefined;
}

/** An operation, as far as callers ask what they may do. */
export interface OfferedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly roles?: readonly Role[];
  readonly decides?: { readonly action: string };
}

/** The dependencies of the operations' handlers. */
export interface OperationDeps extends ApiDeps {
  /** Issued for streams; `identify` takes them instead of other credentials. */
  readonly tickets: StreamTickets;
  /** All operations of the API. */
  readonly operations: readonly OfferedOperation[];
}
