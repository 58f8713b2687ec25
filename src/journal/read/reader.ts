/**
 * The journal's questions and answers: one interface for the API, the console, the oracle and the command line. Types
 * only.
 */
import type { Money } from '../../order.js';
import type { Findings } from '../findings/finding.js';
import type { Audit } from '../decisions/audit-row.js';
import type { SagaRecord, SagaState } from '../../saga/record.js';

/** A saga as the read model has it. */
export interface StoredSaga extends SagaRecord {
  /** The number of the last event in this fold; 0 if only the order is known. */
  readonly version: number;
  readonly branch: number;
  /** Later events are stored, and wait for a missing one, so this view is out of date. */
  readonly behindGap: boolean;
  /** ISO 8601: the time of the last event in the read model. */
  readonly asOf: string;
}

/** The first event of a branch: from `fromSeq` on it supersedes the stored events. */
export type SagaReset = StoredEvent['data'] & {
  readonly type: 'SagaReset';
  readonly fromSeq: number;
  readonly runId: string;
  readonly supersededRunId: string;
};

export interface StoredEvent {
  /** A UUID; the same event has the same one for ever. */
  readonly id: string;
  readonly sagaId: string;
  readonly branch: number;
  readonly seq: number;
  /** Always growing: of two events of one saga the later has the higher position. */
  readonly position: number;
  /** The name in the audit trail, such as `OrderFulfillmentFailed`. */
  readonly type: string;
  /** Plain data: ids and codes only. Its `type` is the same name. */
  readonly data: Readonly<Record<string, unknown>> & { readonly type: string };
  /** ISO 8601: the workflow's clock. */
  readonly at: string;
  readonly runId: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** The branch that superseded it; null while it is in force. */
  readonly supersededBy: number | null;
}

/** The actor, reason and time (ISO 8601) of a cancel. */
export interface Cancellation {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

export interface OrderSummary {
  readonly orderId: string;
  readonly sagaId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly state: SagaState;
  readonly reason: string | null;
  readonly blockedOn: string | null;
  readonly waitingFor: SagaRecord['waitingFor'];
  readonly total: Money | null;
  readonly updatedAt: string;
  readonly asOf: string;
}

/** Cursors are opaque, and stable under writes. A page may be short although there is a next one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface SagaFilter {
  readonly state?: SagaState | undefined;
  readonly type?: string | undefined;
  readonly blockedOn?: string | undefined;
  /** Milliseconds since its last event. */
  readonly olderThan?: number | undefined;
}

export interface OrderFilter {
  /** Any of them. */
  readonly states?: readonly SagaState[] | undefined;
  /** Those that wait for an approval. */
  readonly waiting?: boolean | undefined;
  readonly productId?: string | undefined;
  readonly customerId?: string | undefined;
  /** The time of the order's creation, with any other filter. ISO 8601, inclusive. */
  readonly from?: string | undefined;
  /** The same. ISO 8601, exclusive. */
  readonly to?: string | undefined;
  /**
   * The time of its saga's last change. ISO 8601, inclusive. With one of these the list is sorted by that time,
   * oldest first.
   */
  readonly updatedFrom?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly updatedTo?: string | undefined;
}

export interface EventFilter {
  /** Any of these names of the audit trail. */
  readonly types?: readonly string[] | undefined;
  /** Events after the one with this position; if there is a `cursor`, the cursor counts. */
  readonly after?: number | undefined;
}

/**
 * Positions of different sagas become visible out of order, so a reader goes on from the cursor, not from a position.
 */
export interface EventPage {
  readonly items: readonly StoredEvent[];
  /** The cursor for the next page, also if there are no more events at the moment. */
  readonly next: string;
  /** There may be more events at once: the page is full, or many events of other types were passed over. */
  readonly more: boolean;
  /**
   * ISO 8601, by the database's clock: the page covers all events that were confirmed by then and could not be
   * overtaken any more.
   */
  readonly asOf: string;
}

/** A cursor that no list has returned. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
}

/** Every method throws `JournalUnavailableError` while its database is away. */
export interface JournalReader {
  /** Decisions and denials: the one part of the journal that its readers also write. */
  readonly audit: Audit;
  /** The reconciler's findings. */
  readonly findings: Findings;
  /** A started row of `orders` without a row here reads as STARTED, version 0. */
  getSaga(sagaId: string): Promise<StoredSaga | undefined>;
  /** Newest first, by the time of their start. */
  listSagas(filter: SagaFilter, page: PageRequest): Promise<Page<StoredSaga>>;
  /** Orders that were started, newest first. @throws also the errors of the orders' database */
  listOrders(filter: OrderFilter, page: PageRequest): Promise<Page<OrderSummary>>;
  /** The cancel that was accepted, if one was. */
  cancellationOf(sagaId: string): Promise<Cancellation | undefined>;
  /** Confirmed events in order of their positions; those in force only, unless `allBranches`. */
  getEvents(
    sagaId: string,
    options: { readonly after?: number | undefined; readonly limit: number; readonly allBranches?: boolean },
  ): Promise<readonly StoredEvent[]>;
  /** Events of all sagas, for a reader that keeps its cursor. @throws InvalidCursorError */
  listEvents(filter: EventFilter, page: PageRequest): Promise<EventPage>;
  /** Confirmed events of one saga, or of all, as they come, superseded ones included; ends when the signal fires. */
  follow(
    sagaId: string | undefined,
    options: { readonly after?: number | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<StoredEvent>;
}
